"""Pointers: a small text under a key that says which version a name means now (``runs/NAME/latest``)."""

from __future__ import annotations

from iirl_core.errors import Conflict
from iirl_core.store.absent import get_or_none
from iirl_core.store.protocol import Store


def read_pointer(store: Store, key: str) -> str | None:
    """What ``key`` points to, or None where it was never moved."""
    data = get_or_none(store, key)
    return None if data is None else data.decode("utf-8").strip()


def move_pointer(store: Store, key: str, value: str) -> None:
    """Point ``key`` to ``value``. Of writers at the same time the last one wins, whole."""
    while True:
        seen = get_or_none(store, key)
        data = value.encode("utf-8") + b"\n"
        if seen == data:
            return
        try:
            store.swap(key, seen, data)
        except Conflict:
            continue
        return
