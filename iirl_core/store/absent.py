"""Reading where nothing may lie yet."""

from __future__ import annotations

from iirl_core.errors import NotFound
from iirl_core.store.protocol import Store


def get_or_none(store: Store, key: str) -> bytes | None:
    """What ``key`` holds, or None where nothing lies.

    Raises:
        ClusterError: the store cannot be read: nothing is known of the key.
    """
    try:
        return store.get(key)
    except NotFound:
        return None
