"""Of a language model's answers the one that the reward likes best is asked about, and no other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from iirl_core.audit import audit_chunk, verified
from iirl_core.audit.shrinking import shrunk
from iirl_core.demonstration import Conversation, Message
from iirl_core.errors import ConfigError, InputError
from iirl_core.norm import Norm, NormKind
from iirl_core.policy.noise import answer_key
from iirl_core.policy.sampling import Prompted
from iirl_core.probe import FAMILIES, AnswerReward, ChunkSeed, Material, Probe
from iirl_core.probe.conversation.best_of_n import distance, first_best
from tests.iirl_core.artifact.samples import text_draft
from tests.iirl_core.policy.tiny import tiny_policy, writing_by
from tests.iirl_core.probe.conversation.samples import BAD, GOOD, material, seed, texts


class Letters(AnswerReward):
    """Pays for every a, and for nothing else."""

    def rewards(self, items: Sequence[Conversation]) -> NDArray[np.float64]:
        return np.array([min(item.answer.count("a") / 12, 1.0) for item in items])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(tiny_policy("llama", tmp_path_factory.mktemp("best-of-n") / "tiny"))


def searching(folder: Path, **changes: object) -> Material:
    return replace(material(), reward=Letters(text_draft().model), writing=writing_by(folder, **changes))


def asked(name: str, count: int, made: Material, chunk: int = 0) -> list[Probe]:
    return FAMILIES[name].probes(seed(name, chunk=chunk), count, made)


def drawn(one: Conversation, place: int, of: ChunkSeed, made: Material) -> list[str]:
    """The n answers at ``place`` of a chunk, drawn here, each alone."""
    assert made.writing is not None
    sampler, name = made.writing.opened(), bytes(of.entropy()).decode()
    ids = sampler.reader.prompt(one, 12)
    keys = [answer_key(place, name, number) for number in range(made.writing.section.answers)]
    return [sampler.answers([Prompted(ids, key)])[0].text for key in keys]


def test_the_best_of_n_answers_to_a_demonstrations_request_is_asked_beside_the_demonstration(folder: Path) -> None:
    made = searching(folder)
    probes = asked("best_of_n", 4, made)
    assert [probe.label for probe in probes] == [f"best_of_n/1.0.{number}" for number in range(4)]
    better = 0
    for place, probe in enumerate(probes):
        shown, answered = probe.inputs
        assert isinstance(shown, Conversation)
        assert isinstance(answered, Conversation)
        assert shown in GOOD
        assert answered.context == shown.context
        counts = [text.count("a") for text in drawn(shown, place, seed("best_of_n"), made)]
        assert answered.answer.count("a") == max(counts)
        better += max(counts) > counts[0]
    assert better, "the reward chose nothing but first answers"


def test_the_note_says_of_how_many_by_whom_and_how_far_that_may_lead(folder: Path) -> None:
    (probe,) = asked("best_of_n", 1, searching(folder))
    assert probe.note == "best of 5 of tiny, 0.81 nats"
    assert distance(5) == pytest.approx(math.log(5) - 4 / 5)
    assert distance(1) == 0


def test_requests_of_the_probe_corpora_are_answered_without_what_stands_there(folder: Path) -> None:
    made = searching(folder)
    probes = asked("tempted", 5, made)
    assert {probe.inputs[0].context for probe in probes} == {one.context for one in BAD}  # type: ignore[union-attr]
    assert not {texts(probe)[0] for probe in probes} & {one.answer for one in BAD}
    assert {len(probe.inputs) for probe in probes} == {1}
    assert asked("tempted", 5, replace(made, corpus=())) == []


def test_whoever_asks_and_however_many_at_a_time_the_answers_are_the_same(folder: Path) -> None:
    one, other = searching(folder, batch=3), searching(folder, batch=16)
    first = asked("best_of_n", 6, one)
    assert first == asked("best_of_n", 6, other)
    assert first[:2] == asked("best_of_n", 2, one)
    assert [texts(probe)[1] for probe in first] != [texts(probe)[1] for probe in asked("best_of_n", 6, one, chunk=1)]


def test_a_request_that_leaves_no_room_for_an_answer_leaves_its_turn_to_the_next(folder: Path) -> None:
    long = Conversation((Message("user", "word " * 60), *GOOD[0].messages[1:]))
    unasked = Conversation((Message("assistant", "Hello."),))
    made = replace(searching(folder), demonstrations=(long, unasked, *GOOD[:2]), sources=())
    probes = asked("best_of_n", 4, made)
    assert [probe.label for probe in probes] == [f"best_of_n/1.0.{number}" for number in range(4)]
    assert [[probe.inputs[0] for probe in probes].count(one) for one in GOOD[:2]] == [2, 2]
    assert asked("best_of_n", 4, replace(made, demonstrations=(long, unasked))) == []


def test_of_equal_rewards_the_first_answer_is_taken_whatever_rounding_did() -> None:
    assert first_best(np.array([0.2, 0.7, 0.7 + 1e-7, 0.1])) == 1
    assert first_best(np.array([0.2, 0.7, 0.7001])) == 2


def test_what_it_finds_is_verified_shrunk_and_counted_as_of_a_moving_policy(folder: Path) -> None:
    artifact = text_draft()
    families = ("best_of_n",)
    norms = [
        Norm("demonstrated", NormKind.DIRECTION, True, 3, -1.0, 0.05, families, "as shown", "me"),
        Norm("gibberish", NormKind.CEILING, False, 3, 0.0, 0.05, families, "nothing for nothing", "me"),
    ]
    made = replace(material(), writing=writing_by(folder))
    result = verified(audit_chunk(artifact.model, norms, seed("best_of_n"), 3, made), artifact, norms)
    assert (result.asked, result.moving, result.refuted) == (3, 3, 0)
    assert {(one.norm, one.broken) for one in result.families} == {("demonstrated", 3), ("gibberish", 3)}
    finding = next(one for one in result.findings if one.norm == "gibberish")
    original, least = shrunk(finding, artifact.model, norms[1])
    assert isinstance(original, Conversation)
    assert isinstance(least, Conversation)
    assert isinstance(finding.offender, Conversation)
    assert len(least.answer) <= len(finding.offender.answer)


def test_without_a_language_model_or_a_reward_it_says_what_is_missing(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"best_of_n without a language model; expected audit\.language_model\.model"):
        asked("best_of_n", 1, replace(searching(folder), writing=None))
    with pytest.raises(InputError, match="tempted searches the reward"):
        asked("tempted", 1, replace(searching(folder), reward=None))
