from __future__ import annotations

import pytest

from iirl_core.errors import InputError
from iirl_core.patch.patch import Patch
from iirl_core.patch.switching import switched

PATCHES = tuple(
    Patch("suppress", "input", 0, (float(n),), 1.0, 0.5, ("f",), ("n",), round=n, enabled=n != 2) for n in range(4)
)


def test_patches_are_switched_by_name_and_keep_their_order_and_their_names() -> None:
    ids = [patch.id for patch in PATCHES]
    found = switched(PATCHES, off=[ids[1]], on=[ids[2]])
    assert [patch.id for patch in found] == ids
    assert [patch.enabled for patch in found] == [True, False, True, True]
    assert switched(PATCHES) == PATCHES


def test_what_cannot_be_switched_is_refused() -> None:
    ids = [patch.id for patch in PATCHES]
    with pytest.raises(InputError, match="there is no patch p-0"):
        switched(PATCHES, off=["p-0"])
    with pytest.raises(InputError, match="to be reverted and enabled"):
        switched(PATCHES, off=[ids[0]], on=[ids[0]])
    with pytest.raises(InputError, match="is disabled already"):
        switched(PATCHES, off=[ids[2]])
    with pytest.raises(InputError, match="is enabled already"):
        switched(PATCHES, on=[ids[0]])
