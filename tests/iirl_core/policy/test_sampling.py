from __future__ import annotations

from pathlib import Path

import pytest
import torch

from iirl_core.demonstration import Conversation, Message, conversation
from iirl_core.errors import ConfigError, InputError
from iirl_core.policy.noise import NEAR, AnswerNoise, Draw, answer_key, choose
from iirl_core.policy.sampling import Answer, Prompted, Reader, Sampler
from tests.iirl_core.encoder.tiny import CHAT, Kind
from tests.iirl_core.policy.tiny import tiny_policy

PROMPTS = [conversation("Is it open? " * n, "") for n in range(1, 6)]
TOKENS = 12
DRAW = Draw(1.0, 0.9)


def _sampler(kind: Kind, folder: Path, *, batch: int = 4, draw: Draw = DRAW) -> Sampler:
    if not (folder / kind).exists():
        tiny_policy(kind, folder / kind)
    reader = Reader(folder / kind, None, "tiny")
    return Sampler(folder / kind, reader, draw, max_new_tokens=TOKENS, batch=batch)


def _asked(sampler: Sampler, seed: int = 0, count: int = 3) -> list[Prompted]:
    return [
        Prompted(sampler.reader.prompt(prompt, TOKENS), answer_key(seed, prompt.context[-1].content, number))
        for prompt in PROMPTS
        for number in range(count)
    ]


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
@pytest.mark.parametrize("draw", [Draw(1.0, 1.0), Draw(0.7, 0.8), Draw(0.0, 1.0)])
def test_an_answer_does_not_depend_on_what_else_is_asked(kind: Kind, draw: Draw, tmp_path: Path) -> None:
    sampler = _sampler(kind, tmp_path, batch=7, draw=draw)
    asked = _asked(sampler)
    whole = sampler.answers(asked)
    alone = _sampler(kind, tmp_path, batch=1, draw=draw)
    assert whole == [alone.answers([one])[0] for one in asked]
    assert sampler.answers(asked[::-1]) == whole[::-1]


def test_other_numbers_and_other_seeds_give_other_answers(tmp_path: Path) -> None:
    sampler = _sampler("llama", tmp_path)
    first, second = sampler.answers(_asked(sampler, seed=0)), sampler.answers(_asked(sampler, seed=1))
    assert len({answer.text for answer in first}) == len(first)
    assert not {answer.text for answer in first} & {answer.text for answer in second}


def test_without_temperature_all_answers_to_a_prompt_are_the_likeliest(tmp_path: Path) -> None:
    sampler = _sampler("llama", tmp_path, draw=Draw(0.0, 1.0))
    answers = sampler.answers(_asked(sampler))
    assert [answers[place] == answers[place + 1] for place in range(0, len(answers), 3)] == [True] * len(PROMPTS)
    ids = list(_asked(sampler)[0].ids)
    for _ in range(TOKENS):
        ids.append(int(sampler.model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    assert sampler.reader.answer(ids[-TOKENS:]) == answers[0]


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    """Temperature 2 flattens the probabilities to 0.60, 0.27, 0.13; top_p 0.8 leaves the first two of them."""
    logits = torch.tensor([0.6, 0.27, 0.13]).log() * 2
    generator = torch.Generator().manual_seed(0)
    for top_p, wanted in ((1.0, [0.6, 0.27, 0.13]), (0.8, [0.69, 0.31, 0.0])):
        counts = torch.zeros(3)
        for _ in range(4000):
            noise = -torch.empty(3).exponential_(generator=generator).log()
            counts[choose(logits, noise, Draw(2.0, top_p))[0]] += 1
        assert torch.allclose(counts / 4000, torch.tensor(wanted), atol=0.03)


def test_a_near_tie_is_not_certain() -> None:
    zero = torch.zeros(3)
    assert choose(torch.tensor([1.0, 0.5, 0.0]), zero, Draw(1.0, 1.0)) == (0, True)
    assert choose(torch.tensor([1.0, 1.0 - NEAR / 2, 0.0]), zero, Draw(1.0, 1.0)) == (0, False)
    assert choose(torch.tensor([1.0, 1.0 - NEAR / 2, 0.0]), zero, Draw(0.0, 1.0)) == (0, False)
    edge = torch.tensor([0.5, 0.3, 0.2]).log()  # whether the second is drawn from hangs on rounding at top_p 0.5
    assert choose(edge, torch.tensor([0.0, 9.0, 0.0]), Draw(1.0, 0.5))[1] is False
    assert choose(edge, torch.tensor([0.0, 9.0, 0.0]), Draw(1.0, 0.7)) == (1, True)


def test_tokens_that_may_change_places_at_the_edge_of_top_p_are_not_certain() -> None:
    """At top_p 0.6 the first two are drawn from, of which the second nearly equals the third."""
    draw, second = Draw(1.0, 0.6), torch.tensor([0.0, 9.0, 0.0])
    logits = torch.tensor([0.5, 0.25 + NEAR / 20, 0.25 - NEAR / 20]).log()
    assert choose(logits, second, draw) == (1, False), "it may fall out"
    assert choose(logits[[0, 2, 1]], second, draw) == (0, False), "it may come in"
    assert choose(logits, torch.tensor([9.0, 0.0, 0.0]), draw) == (0, True)
    assert choose(torch.tensor([0.5, 0.3, 0.2]).log(), second, draw) == (1, True)


def test_where_two_tokens_nearly_tie_the_answers_own_logits_decide() -> None:
    """In the batch, rounding made token 0 the first of two; alone it is the second."""
    batch = torch.tensor([[1.0, 1.0 - NEAR / 9, 0.0], [0.0, 0.0, 1.0]])
    seen: list[list[int]] = []

    def alone(ids: torch.Tensor) -> torch.Tensor:
        seen.append(ids.tolist())
        return torch.tensor([1.0 - NEAR / 9, 1.0, 0.0])

    noise = AnswerNoise(Draw(0.0, 1.0), [b"a", b"b"], [2, 0], alone)
    assert noise(torch.tensor([[9, 9, 5, 6], [1, 2, 3, 4]]), batch).argmax(dim=1).tolist() == [1, 2]
    assert seen == [[5, 6]]


def test_what_ends_an_answer_ends_it(tmp_path: Path) -> None:
    plain = Reader(Path(tiny_policy("llama", tmp_path / "llama")), None, "tiny")
    chat = Reader(Path(tiny_policy("qwen2", tmp_path / "qwen2")), None, "tiny")
    words = plain.rendering.tokenizer(" Until six. ", add_special_tokens=False)["input_ids"]
    more = plain.rendering.tokenizer("\nuser: And then?", add_special_tokens=False)["input_ids"]
    end = plain.rendering.tokenizer.eos_token_id
    assert plain.answer([*words, end, *words]) == Answer("Until six.", cut=False)
    assert plain.answer(words) == Answer("Until six.", cut=True)
    assert plain.answer([*words, *more]) == Answer("Until six.", cut=False)
    assert plain.answer([end]) == Answer("", cut=False)
    ids = chat.rendering.tokenizer("Until six.<|end|>\n<|start|>user", add_special_tokens=False)["input_ids"]
    assert chat.answer(ids) == Answer("Until six.", cut=False)


def test_a_prompt_without_room_for_an_answer_is_refused(tmp_path: Path) -> None:
    reader = Reader(Path(tiny_policy("llama", tmp_path / "llama")), CHAT, "tiny")
    with pytest.raises(InputError, match="at most 256 together"):
        reader.prompt(conversation("word " * 50, ""), TOKENS)
    with pytest.raises(InputError, match="without a prompt"):
        reader.prompt(Conversation((Message("assistant", "Hello."),)), TOKENS)


def test_a_folder_without_a_language_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="tiny cannot be read"):
        Reader(tmp_path, None, "tiny")
