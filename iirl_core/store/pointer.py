"""Pointers: a small text under a key that says which version a name means now (``runs/NAME/latest``)."""

from __future__ import annotations

from iirl_core.errors import Conflict, NotFound
from iirl_core.store.protocol import Store


def read_pointer(store: Store, key: str) -> str | None:
    """What ``key`` points to, or None where it was never moved."""
    try:
        return store.get(key).decode("utf-8").strip()
    except NotFound:
        return None


def move_pointer(store: Store, key: str, value: str) -> None:
    """Point ``key`` to ``value``. Of writers at the same time the last one wins, whole."""
    while True:
        try:
            seen: bytes | None = store.get(key)
        except NotFound:
            seen = None
        data = value.encode("utf-8") + b"\n"
        if seen == data:
            return
        try:
            store.swap(key, seen, data)
        except Conflict:
            continue
        return
