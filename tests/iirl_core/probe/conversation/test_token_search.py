"""A language model proposes, the reward decides: token by token, up to an answer that ends or is long enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from iirl_core.audit import audit_chunk
from iirl_core.demonstration import Conversation, Message, conversation
from iirl_core.errors import ConfigError, InputError
from iirl_core.norm import Norm, NormKind
from iirl_core.policy.sampling import Sampler
from iirl_core.probe import FAMILIES, AnswerReward, Material, Probe
from tests.iirl_core.artifact.samples import text_draft
from tests.iirl_core.policy.tiny import tiny_policy, writing_by
from tests.iirl_core.probe.conversation.samples import GOOD, material, seed, texts

EVERY = 300
"""More tokens than there are."""


class Paying(AnswerReward):
    """By a rule about answers."""

    def __init__(self, pays: Callable[[str], float]) -> None:
        super().__init__(text_draft().model)
        object.__setattr__(self, "pays", pays)

    def rewards(self, items: Sequence[Conversation]) -> NDArray[np.float64]:
        return np.array([self.pays(item.answer) for item in items])  # type: ignore[attr-defined]


def weighed(answer: str) -> float:
    """Of two answers hardly ever the same."""
    return sum((ord(letter) * 7919 % 101) / 101 for letter in answer) / 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(tiny_policy("llama", tmp_path_factory.mktemp("token-search") / "tiny"))


def searching(folder: Path, pays: Callable[[str], float] = weighed, batch: int = 16, **search: float) -> Material:
    return replace(material(), reward=Paying(pays), writing=writing_by(folder, batch=batch, search=search))


def asked(count: int, made: Material) -> list[Probe]:
    return FAMILIES["token_search"].probes(seed("token_search"), count, made)


def sampler_of(made: Material) -> Sampler:
    assert made.writing is not None
    return made.writing.opened()


def prompt_of(probe: Probe, sampler: Sampler, steps: int) -> tuple[int, ...]:
    shown = probe.inputs[0]
    assert isinstance(shown, Conversation)
    return sampler.reader.prompt(shown, steps)


def proposals(sampler: Sampler, ids: tuple[int, ...], count: int) -> list[int]:
    """The likeliest tokens after ``ids``, by the model alone."""
    logits = sampler.model(input_ids=torch.tensor([ids])).logits[0, -1]
    return [int(token) for token in logits.topk(count).indices]


def test_one_answer_kept_is_the_greedy_search_of_the_reward_among_the_likeliest_tokens(folder: Path) -> None:
    made = searching(folder, steps=6, width=1, tokens=5)
    sampler = sampler_of(made)
    for probe in asked(3, made):
        shown, found = probe.inputs
        assert shown in GOOD
        assert isinstance(shown, Conversation)
        assert isinstance(found, Conversation)
        assert found.context == shown.context
        prompt, written = sampler.reader.prompt(shown, 6), tuple[int, ...]()
        for _ in range(6):
            longer = [(*written, token) for token in proposals(sampler, prompt + written, 5)]
            written = max(longer, key=lambda ids: weighed(sampler.reader.answer(ids).text))
        assert found.answer == sampler.reader.answer(written).text


def test_where_all_that_was_proposed_is_kept_the_best_of_all_is_found(folder: Path) -> None:
    made = searching(folder, steps=2, width=16, tokens=4)
    sampler = sampler_of(made)
    (probe,) = asked(1, made)
    prompt = prompt_of(probe, sampler, 2)
    pairs = [
        (first, second) for first in proposals(sampler, prompt, 4) for second in proposals(sampler, (*prompt, first), 4)
    ]
    assert texts(probe)[1] == max((sampler.reader.answer(ids).text for ids in pairs), key=weighed)


def test_an_answer_that_has_ended_stays_as_it_is_while_nothing_longer_earns_more(folder: Path) -> None:
    for pays, ended in ((lambda answer: 1 / (1 + len(answer)), True), (lambda answer: len(answer) / 9, False)):
        made = searching(folder, pays, steps=4, width=1, tokens=2)
        sampler = sampler_of(made)
        (probe,) = asked(1, made)
        assert texts(probe)[1] != ""
        sampler.reader.ends = (proposals(sampler, prompt_of(probe, sampler, 4), 1)[0],)
        (probe,) = asked(1, made)
        assert (texts(probe)[1] == "") == ended


@pytest.mark.parametrize(("step", "fluency"), [(1e-7, 0.0), (1.0, 1e4)])
def test_of_equal_rewards_or_where_it_counts_for_more_what_is_likelier_to_be_said_is_kept(
    folder: Path, step: float, fluency: float
) -> None:
    made = searching(folder, lambda answer: 0.5 + step * weighed(answer), steps=2, width=3, tokens=3, fluency=fluency)
    sampler, greedy = sampler_of(made), list[bool]()
    for probe in asked(8, made):
        prompt = prompt_of(probe, sampler, 2)
        likelihood = {
            (first, second): one + other
            for first, one in sampler.likeliest([prompt], 3)[0]
            for second, other in sampler.likeliest([(*prompt, first)], 3)[0]
        }
        best = max(likelihood, key=lambda pair: likelihood[pair])
        assert texts(probe)[1] == sampler.reader.answer(best).text
        greedy.append(best[0] == proposals(sampler, prompt, 1)[0])
    assert not all(greedy)


def test_what_is_found_does_not_hang_on_what_else_is_searched_for(folder: Path) -> None:
    search = {"steps": 5, "width": 3, "tokens": 4}
    found = asked(3, searching(folder, batch=16, **search))
    assert found == asked(3, searching(folder, batch=2, **search))
    assert found[:1] == asked(1, searching(folder, **search))
    assert found[0].note == "5 steps, 3 kept, 4 tokens of tiny"


def test_a_request_that_leaves_no_room_for_an_answer_leaves_its_turn_to_the_next(folder: Path) -> None:
    long = conversation("word " * 60, "Yes.")
    unasked = Conversation((Message("assistant", "Hello."),))
    made = replace(searching(folder, steps=2), demonstrations=(long, unasked), sources=())
    assert asked(4, made) == []
    assert [probe.inputs[0] for probe in asked(2, replace(made, demonstrations=(long, GOOD[0])))] == [GOOD[0]] * 2


def test_what_it_finds_is_counted_as_of_a_moving_policy(folder: Path) -> None:
    norm = Norm("as-shown", NormKind.DIRECTION, True, 3, -1.0, 0.05, ("token_search",), "as shown", "me")
    made = replace(material(), writing=writing_by(folder, search={"steps": 2, "width": 2, "tokens": 2}))
    result = audit_chunk(text_draft().model, [norm], seed("token_search"), 2, made)
    assert (result.asked, result.moving, len(result.findings)) == (2, 2, 2)


def test_without_a_language_model_or_a_reward_it_says_what_is_missing(folder: Path) -> None:
    with pytest.raises(ConfigError, match="token_search without a language model"):
        asked(1, replace(searching(folder), writing=None))
    with pytest.raises(InputError, match="token_search searches the reward"):
        asked(1, replace(searching(folder), reward=None))


@pytest.mark.parametrize("count", [1, 7, EVERY])
def test_the_likeliest_tokens_are_those_of_each_text_alone(folder: Path, count: int) -> None:
    sampler = sampler_of(searching(folder, batch=2))
    prompts = [sampler.reader.prompt(one, 4)[:length] for one, length in product(GOOD[:2], (3, 9, 5))]
    for text, told in zip(prompts, sampler.likeliest(prompts, count), strict=True):
        logits = sampler.model(input_ids=torch.tensor([text])).logits[0, -1].log_softmax(dim=-1)
        best = logits.topk(min(count, len(logits)))
        assert [token for token, _ in told] == best.indices.tolist()
        assert np.allclose([likelihood for _, likelihood in told], best.values, atol=1e-4)
