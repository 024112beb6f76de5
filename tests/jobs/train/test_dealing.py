"""Who plays which part, and which negatives are made."""

from __future__ import annotations

import pyarrow as pa
import pytest

from iirl_core.corpus import table_of
from iirl_core.demonstration import conversation
from jobs.train.dealing import Choice, Parts, part_of, tasks_of
from tests.jobs.train.made import demonstration

ONE_CLASS = Parts(learns_negatives=False, guard_negatives=True)
TWO_CLASSES = Parts(learns_negatives=True, guard_negatives=True)
NOTHING_LEFT = Parts(learns_negatives=True, guard_negatives=False)


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


def test_without_negatives_in_the_guard_split_those_of_training_must_do() -> None:
    assert part_of("negatives", "train", NOTHING_LEFT) == ("train", "contrast")


def test_a_sample_of_the_demonstrations_to_learn_from_is_the_rows_that_come_first() -> None:
    made = [demonstration(conversation(f"question {n}", "yes"), "train") for n in range(200)]
    table = table_of(made, "conversation").append_column("role", pa.array(["demonstrations"] * len(made)))

    def rows(choice: Choice) -> list[int]:
        return [int(task.rows(1)[0]) for task in tasks_of(table, NOTHING_LEFT, (), choice)]

    everything = rows(Choice())
    assert len(everything) == 200
    some = rows(Choice(sample=0.25))
    assert 30 < len(some) < 70
    assert sorted(some) == sorted(everything)[: len(some)]


def test_a_sample_leaves_the_other_parts_whole_and_takes_no_negative_of_training() -> None:
    made = [demonstration(conversation(f"question {n}", "no"), "train") for n in range(40)]
    table = table_of(made, "conversation").append_column("role", pa.array(["negatives"] * len(made)))
    tasks = tasks_of(table, NOTHING_LEFT, (), Choice(sample=1.0))
    assert [task.part for task in tasks] == ["contrast"] * 40
    assert tasks_of(table, NOTHING_LEFT, (), Choice(("guard",))) == []
