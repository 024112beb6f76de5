from __future__ import annotations

import numpy as np
import pytest

from iirl_core.config.expertness import CONVERSATIONS_ONLY, CorruptedSection
from iirl_core.corruption import CORRUPTIONS, answer_pool, corrupted
from iirl_core.demonstration import Conversation, Demonstration, Input, Trajectory, conversation


def answers(count: int) -> list[Demonstration]:
    return [
        Demonstration(
            f"id-{i}",
            conversation(f"question {i}", f"It is {i} at least. You can see it there. Ask me again {i}."),
            "s",
            "train",
        )
        for i in range(count)
    ]


def walk(steps: int = 40) -> Trajectory:
    line = np.linspace(0, 1, steps)[:, None] * np.array([1.0, -2.0])
    return Trajectory(line, line[:, :1], terminal=True)


def spoilt(item: Input, name: str, seed: int = 0) -> Input | None:
    return CORRUPTIONS[name](item, np.random.default_rng(seed), answer_pool(answers(50)))


def answer_of(item: Input | None) -> str:
    assert isinstance(item, Conversation)
    return item.answer


def test_every_corruption_has_a_share_in_the_configuration() -> None:
    assert list(CORRUPTIONS) == list(CorruptedSection.model_fields)


@pytest.mark.parametrize("name", CONVERSATIONS_ONLY)
def test_a_spoilt_conversation_keeps_its_context_and_changes_its_answer(name: str) -> None:
    for one in answers(20):
        made = spoilt(one.input, name)
        assert isinstance(made, Conversation)
        assert isinstance(one.input, Conversation)
        assert made.context == one.input.context
        assert made.answer != one.input.answer
        assert made == spoilt(one.input, name), "the same chance makes the same"


@pytest.mark.parametrize("name", [name for name in CORRUPTIONS if name not in CONVERSATIONS_ONLY])
def test_a_spoilt_walk_has_its_shape_and_other_steps(name: str) -> None:
    made = spoilt(walk(), name)
    assert isinstance(made, Trajectory)
    assert made.actions is not None
    assert made.observations.shape == walk().observations.shape
    assert not np.array_equal(made.observations, walk().observations)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_what_is_of_the_other_kind_is_left_alone(name: str) -> None:
    other: Input = walk() if name in CONVERSATIONS_ONLY else answers(1)[0].input
    assert spoilt(other, name) is None


def test_reordered_steps_keep_their_actions() -> None:
    for name in ("time_reversed", "permuted"):
        made = spoilt(walk(), name)
        assert isinstance(made, Trajectory)
        assert made.actions is not None
        assert np.array_equal(made.observations[:, :1], made.actions)
        assert np.allclose(np.sort(made.observations[:, 0]), walk().observations[:, 0])
    assert spoilt(Trajectory([[1.0]]), "permuted") is None


def test_answers_are_cut_shuffled_and_repeated_word_by_word() -> None:
    item = conversation("q", "One two three four five six seven. Eight nine ten.")
    assert item.answer.startswith(answer_of(spoilt(item, "truncated")))
    assert sorted(answer_of(spoilt(item, "shuffled")).split()) == sorted(item.answer.split())
    said = answer_of(spoilt(item, "repeated"))
    assert any(
        said == " ".join([part] * said.count(part))
        for part in ("One two three four five six seven.", "Eight nine ten.")
    )
    assert answer_of(spoilt(item, "empty")) == ""


@pytest.mark.parametrize("name", ["truncated", "shuffled"])
def test_an_answer_of_a_few_words_is_not_cut_or_shuffled(name: str) -> None:
    assert spoilt(conversation("q", "Yes, you can."), name) is None


def test_a_mismatched_answer_is_another_record_s() -> None:
    pool = {one.input.answer for one in answers(50) if isinstance(one.input, Conversation)}
    assert {answer_of(spoilt(one.input, "mismatched")) for one in answers(50)} <= pool
    assert spoilt(conversation("question 1", "mine"), "mismatched", seed=3) is not None
    same = [Demonstration(f"id-{i}", conversation("question", f"answer {i}"), "s", "train") for i in range(5)]
    assert not list(corrupted(same[0], {"mismatched": 1.0}, answer_pool(same)))


def test_about_the_asked_share_of_demonstrations_is_spoilt_each_kind_by_its_own_chance() -> None:
    shown = answers(2000)
    shares = {"mismatched": 0.3, "empty": 0.6}
    made = [{name for name, _ in corrupted(one, shares, answer_pool(shown))} for one in shown]
    assert 500 < sum("mismatched" in kinds for kinds in made) < 700
    assert 1100 < sum("empty" in kinds for kinds in made) < 1300
    assert 280 < sum(len(kinds) == 2 for kinds in made) < 440
    assert not any(list(corrupted(one, {"empty": 0.0}, ())) for one in shown)
