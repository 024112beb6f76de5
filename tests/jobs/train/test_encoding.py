"""Who plays which part, and which negatives are made."""

from __future__ import annotations

import pytest

from jobs.train.encoding import Parts, part_of

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
