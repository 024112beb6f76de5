"""Who plays which part, and which negatives are made."""

from __future__ import annotations

import pytest

from iirl_core.demonstration import Demonstration, Trajectory, conversation
from jobs.train.encoding import Parts, part_of
from jobs.train.mismatch import answer_pool, mismatched

ONE_CLASS = Parts(learns_negatives=False, held_out_negatives=True)
TWO_CLASSES = Parts(learns_negatives=True, held_out_negatives=True)
NOTHING_LEFT = Parts(learns_negatives=True, held_out_negatives=False)


@pytest.mark.parametrize("parts", [ONE_CLASS, TWO_CLASSES, NOTHING_LEFT])
def test_unseen_records_are_never_encoded_for_training(parts: Parts) -> None:
    assert part_of("demonstrations", "unseen", parts) == ()
    assert part_of("negatives", "unseen", parts) == ()


@pytest.mark.parametrize("parts", [ONE_CLASS, TWO_CLASSES, NOTHING_LEFT])
def test_demonstrations_keep_to_their_split(parts: Parts) -> None:
    assert part_of("demonstrations", "train", parts) == ("train",)
    assert part_of("demonstrations", "guard", parts) == ("guard",)


def test_negatives_calibrate_only_where_training_does_not_see_them() -> None:
    assert part_of("negatives", "train", ONE_CLASS) == ("contrast",)
    assert part_of("negatives", "train", TWO_CLASSES) == ("train",)
    assert part_of("negatives", "guard", TWO_CLASSES) == ("contrast",)


def test_without_held_out_negatives_those_of_training_must_do() -> None:
    assert part_of("negatives", "train", NOTHING_LEFT) == ("train", "contrast")


def demonstrations(count: int) -> list[Demonstration]:
    return [Demonstration(f"id-{i}", conversation(f"question {i}", f"answer {i}"), "s", "train") for i in range(count)]


def test_a_mismatched_negative_keeps_the_prompt_and_takes_another_s_answer() -> None:
    shown = demonstrations(50)
    pool = answer_pool(shown)
    for one in shown:
        negative = mismatched(one, 1.0, pool)
        assert negative is not None
        assert negative.context == one.input.context
        assert negative.answer != one.input.answer
        assert negative == mismatched(one, 1.0, pool)


def test_about_the_asked_share_of_demonstrations_makes_one() -> None:
    shown = demonstrations(2000)
    pool = answer_pool(shown)
    made = sum(mismatched(one, 0.3, pool) is not None for one in shown)
    assert 500 < made < 700
    assert not any(mismatched(one, 0.0, pool) for one in shown)


def test_no_mismatch_is_made_where_every_answer_is_to_the_same_prompt() -> None:
    shown = [Demonstration(f"id-{i}", conversation("question", f"answer {i}"), "s", "train") for i in range(5)]
    assert not any(mismatched(one, 1.0, answer_pool(shown)) for one in shown)


def test_trajectories_have_no_mismatched_negatives() -> None:
    shown = Demonstration("id", Trajectory([[0.0]]), "s", "train")
    assert answer_pool([shown]) == ()
    assert mismatched(shown, 1.0, answer_pool(demonstrations(3))) is None
