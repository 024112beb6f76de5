"""A repaired child becomes the latest: signed by the builder and logged, then, when all else is on record, pointed to.

Until it is, the parent is what its name means, so that whoever was interrupted finishes by the same command.
"""

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
    """``repairs`` are what ``child`` has beside those of its parent. Done before, nothing happens."""
    details = (
        ("parent", parent),
        ("patches", str(len(repairs))),
        ("refused", str(refused)),
        ("round", str(round_)),
    )
    sign_sealed(store, key, config.name, child, kind="patch", details=details)


def make_latest(store: Store, config: Config, child: Digest) -> None:
    """The last step: from now on the configuration's name means ``child``."""
    move_pointer(store, f"runs/{config.name}/latest", child)
