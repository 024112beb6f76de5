"""What may not lie there yet is read as nothing; what cannot be read is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.errors import ClusterError
from iirl_core.store import DirectoryStore, get_or_none


class Faltering(DirectoryStore):
    """A folder that cannot be read."""

    def get(self, key: str) -> bytes:
        raise ClusterError(f"{key} cannot be read")


def test_what_lies_there_is_read_be_it_empty_and_what_does_not_is_none(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.put("full", b"x")
    store.put("empty", b"")
    assert [get_or_none(store, key) for key in ("full", "empty", "absent")] == [b"x", b"", None]


def test_a_store_that_cannot_be_read_does_not_pass_for_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(ClusterError):
        get_or_none(Faltering(tmp_path), "full")
