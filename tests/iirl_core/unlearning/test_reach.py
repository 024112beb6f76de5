from __future__ import annotations

import dataclasses

import pytest
import torch

from iirl_core.patch import Ball, Patch, Projection, Repairs, Sculpt, WeightEdit
from iirl_core.patch.edit import Change
from iirl_core.unlearning import Reach, Way, kept_repairs, reach_of, way_of

WHY = (("f-1",), ("n",), 1)
KERNEL = Patch("suppress", "input", 0, (0.0, 0.0), 0.1, 0.5, *WHY)
DIRECTION = Projection(((1.0, 0.0),), (0.0, 0.0), *WHY)
SCULPT = Sculpt("lower", ((0.0, 0.1), (1.0, 1.0)), *WHY)
EDIT = WeightEdit((Change.of("head", torch.ones(2, 1), torch.ones(1, 3)),), *WHY)
REPAIRS = Repairs((KERNEL,), (DIRECTION,), (SCULPT,), (EDIT,))


@pytest.mark.parametrize(
    ("play", "split", "learns_negatives", "expected"),
    [
        ("demonstrations", "train", False, Reach(weights=True, places=True)),
        ("demonstrations", "guard", True, Reach(weights=False, places=False, guard=True)),
        ("demonstrations", "unseen", True, Reach(weights=False, places=False)),
        ("negatives", "train", True, Reach(weights=True, places=False)),
        ("negatives", "train", False, Reach(weights=False, places=False)),
    ],
)
def test_how_far_records_reach_follows_from_their_split_and_role(
    play: str, split: str, learns_negatives: bool, expected: Reach
) -> None:
    counts = {"train": 0, "guard": 0, "unseen": 0, split: 2}
    assert reach_of([(play, counts)], learns_negatives=learns_negatives) == expected  # type: ignore[list-item]


def test_weights_that_never_saw_them_stay_and_a_closed_form_is_computed_anew() -> None:
    seen, unseen = Reach(weights=True, places=True), Reach(weights=False, places=False)
    assert way_of(unseen, one_pass=False, from_scratch=False) is Way.KEPT
    assert way_of(seen, one_pass=False, from_scratch=False) is Way.REFITTED
    assert way_of(seen, one_pass=True, from_scratch=False) is Way.COMPUTED
    assert way_of(seen, one_pass=False, from_scratch=True) is Way.SCRATCH
    assert way_of(unseen, one_pass=False, from_scratch=True) is Way.SCRATCH
    assert [way for way in Way if not way.exact] == [Way.REFITTED]


def test_a_map_sculpted_in_a_region_goes_with_the_places() -> None:
    local = dataclasses.replace(SCULPT, ball=Ball("input", 0, (0.0, 0.0), 0.0, 1.0))
    stay, gone = kept_repairs(Repairs(sculpts=(SCULPT, local)), rows=True, weights=True, places=False, shown=False)
    assert (stay.sculpts, gone) == ((SCULPT,), (local,))


@pytest.mark.parametrize(
    ("rows", "weights", "places", "kept"),
    [
        (True, True, True, {"patches", "projections", "sculpts", "edits"}),
        (True, False, True, {"patches", "projections"}),
        (True, True, False, {"projections", "sculpts", "edits"}),
        (True, False, False, {"projections"}),
        (False, False, False, set()),
    ],
)
def test_a_repair_stays_where_what_it_acts_on_is_what_it_was(
    rows: bool, weights: bool, places: bool, kept: set[str]
) -> None:
    stay, gone = kept_repairs(REPAIRS, rows=rows, weights=weights, places=places, shown=True)
    assert {kind for kind in ("patches", "projections", "sculpts", "edits") if getattr(stay, kind)} == kept
    assert {one.id for one in (*stay, *gone)} == {one.id for one in REPAIRS}
    assert len(stay) + len(gone) == len(REPAIRS)


def test_a_weight_edit_goes_with_any_demonstration_that_it_was_fitted_to() -> None:
    guard = reach_of([("demonstrations", {"guard": 1})], learns_negatives=False)
    assert (guard.weights, guard.places, guard.guard) == (False, False, True)
    stay, gone = kept_repairs(REPAIRS, rows=True, weights=True, places=True, shown=not guard.guard)
    assert stay.edits == ()
    assert {one.id for one in gone} == {one.id for one in REPAIRS.edits}
