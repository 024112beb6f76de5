from __future__ import annotations

import pytest

from iirl_core.errors import InputError
from iirl_core.patch import Patch, Projection, Repairs, Sculpt, WeightEdit
from iirl_core.patch.edit import Change
from iirl_core.patch.switching import switched

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
    with pytest.raises(InputError, match="there is no patch p-0"):
        switched(REPAIRS, off=["p-0"])
    with pytest.raises(InputError, match="to be reverted and enabled"):
        switched(REPAIRS, off=[ids[0]], on=[ids[0]])
    with pytest.raises(InputError, match="is disabled already"):
        switched(REPAIRS, off=[ids[2]])
    with pytest.raises(InputError, match="is enabled already"):
        switched(REPAIRS, on=[ids[0]])
