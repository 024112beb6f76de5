"""A repaired child becomes the latest: signed by the builder, logged, pointed to."""

from __future__ import annotations

from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.patch import Repairs
from iirl_core.signing import SigningKey
from iirl_core.store.pointer import move_pointer
from iirl_core.store.protocol import Store
from jobs.builder import sign_sealed


def sign_child(
    store: Store,
    key: SigningKey,
    config: Config,
    child: Digest,
    *,
    parent: Digest,
    round_: int,
    repairs: Repairs,
    refused: int = 0,
) -> None:
    """``repairs`` are what ``child`` has beside those of its parent."""
    details = (
        ("parent", parent),
        ("patches", str(len(repairs))),
        ("refused", str(refused)),
        ("round", str(round_)),
    )
    sign_sealed(store, key, config.name, child, kind="patch", details=details)
    move_pointer(store, f"runs/{config.name}/latest", child)
