from __future__ import annotations

import pytest
import torch

from iirl_core.errors import InputError
from iirl_core.patch import Patch, Projection, Repairs, Sculpt, WeightEdit
from iirl_core.patch.edit import Change
from iirl_core.patch.switching import reordered, switched
from tests.iirl_core.artifact.samples import patch_at, trajectory_draft, walks

PATCHES = tuple(
    Patch("suppress", "input", 0, (float(n),), 1.0, 0.5, ("f",), ("n",), round=n, enabled=n != 2) for n in range(4)
)


PROJECTION = Projection(((1.0, 0.0),), (0.0, 0.0), ("f",), ("n",), 4)
SCULPT = Sculpt("lower", ((0.0, 0.1), (1.0, 1.0)), ("f",), ("n",), 4, enabled=False)
EDIT = WeightEdit((Change("dense", (2, 2), 1, (1.0, 0.0), (0.0, 1.0)),), ("f",), ("n",), 4)
REPAIRS = Repairs(PATCHES, (PROJECTION,), (SCULPT,), (EDIT,))


def test_repairs_are_switched_by_name_and_keep_their_order_and_their_names() -> None:
    ids = [one.id for one in REPAIRS]
    patches = [patch.id for patch in PATCHES]
    found = switched(REPAIRS, off=[patches[1], PROJECTION.id, EDIT.id], on=[patches[2], SCULPT.id])
    assert [one.id for one in found] == ids
    assert [one.enabled for one in found.patches] == [True, False, True, True]
    assert [one.enabled for one in (*found.projections, *found.sculpts, *found.edits)] == [False, True, False]
    assert switched(REPAIRS) == REPAIRS


def test_what_cannot_be_switched_is_refused() -> None:
    ids = [patch.id for patch in PATCHES]
    with pytest.raises(InputError, match="there is no repair p-0"):
        switched(REPAIRS, off=["p-0"])
    with pytest.raises(InputError, match="to be reverted and enabled"):
        switched(REPAIRS, off=[ids[0]], on=[ids[0]])
    with pytest.raises(InputError, match="is disabled already"):
        switched(REPAIRS, off=[ids[2]])
    with pytest.raises(InputError, match="is enabled already"):
        switched(REPAIRS, on=[ids[0]])


LINES = tuple(
    Sculpt(side, ((0.0, low), (1.0, high)), ("f",), ("n",), 4)
    for side, low, high in (("lower", 0.1, 0.3), ("raise", 0.2, 0.6), ("lower", 0.3, 0.9))
)


def test_what_is_named_takes_the_places_of_what_is_named_in_that_order() -> None:
    first, second, third = (one.id for one in LINES)
    before = Repairs(PATCHES, (PROJECTION,), LINES, (EDIT,))
    after = reordered(before, [third, first])
    assert [one.id for one in after.sculpts] == [third, second, first]
    assert (after.patches, after.projections, after.edits) == (PATCHES, (PROJECTION,), (EDIT,))
    assert reordered(after, [first, second, third]) == before
    patches = [one.id for one in PATCHES]
    both = reordered(before, [patches[3], second, patches[0], first])
    assert [one.id for one in both.patches] == [patches[3], patches[1], patches[2], patches[0]]
    assert [one.id for one in both.sculpts] == [second, first, third]
    assert [one.enabled for one in both.patches] == [True, True, False, True]


def test_what_cannot_be_reordered_is_refused() -> None:
    before = Repairs(PATCHES, (PROJECTION,), LINES)
    first, second, _ = (one.id for one in LINES)
    with pytest.raises(InputError, match="there is no repair m-0"):
        reordered(before, [first, "m-0"])
    with pytest.raises(InputError, match="named twice"):
        reordered(before, [second, first, second])
    for same in ([first, second], [first], [first, PROJECTION.id]):
        with pytest.raises(InputError, match="in that order already"):
            reordered(before, same)


def test_the_order_of_sculpts_matters_and_that_of_kernels_does_not() -> None:
    draft = trajectory_draft()
    model, z = draft.model, draft.guard.z
    middle = float(model.rows(z).signal.median())
    lower = Sculpt("lower", ((middle - 1, 0.2), (middle + 1, 0.2)), ("f",), ("n",), 1)
    higher = Sculpt("raise", ((middle - 1, 0.6), (middle + 1, 0.6)), ("f",), ("n",), 1)
    kernels = tuple(patch_at(model, item, strength=0.2, width=1.0) for item in walks(2, seed=9))
    before = Repairs(kernels, sculpts=(lower, higher))
    rewards = model.with_repairs(before).rewards(z)
    turned = model.with_repairs(reordered(before, [higher.id, lower.id])).rewards(z)
    assert (turned < rewards - 0.3).any()
    same = model.with_repairs(reordered(before, [kernels[1].id, kernels[0].id])).rewards(z)
    assert torch.allclose(same, rewards, atol=1e-6)
