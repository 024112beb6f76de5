"""A sealed root, its corpus and its norms in a store of their own: what the wheel's tests turn."""

from __future__ import annotations

from pathlib import Path

from cluster.session import Session
from iirl_core.artifact import load_from, seal
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.corpus import identity_of, write_corpus
from iirl_core.demonstration import Demonstration, Split
from iirl_core.signing import KeyRole, SealPredicate, Subject, load_private_key, sign_statement, store_statement
from iirl_core.store import DirectoryStore, move_pointer
from jobs.key import new_keys
from tests.iirl_core.artifact.samples import config, trajectory_draft, walks

PROBES = {"far": 600, "uniform": 600}


def wheel_config(folder: Path, **changes: object) -> Config:
    norm = {
        "id": "far-is-low",
        "kind": "ceiling",
        "hard": True,
        "threshold": 0.05,
        "limit": 0.05,
        "families": ["far"],
        "rationale": "What no demonstrator came near earns nothing.",
        "owner": "tests",
    }
    document = {
        "store": str(folder / "store"),
        "keys": str(folder / "keys"),
        "norms": [norm],
        "audit": {"probes": PROBES, "chunk": 200, "scorers": 2, "cpus_per_scorer": 0.25},
        "triage": "automatic",
        "flywheel": {"rounds": 6},
    }
    return config(**{**document, **changes})


def make_root(folder: Path) -> tuple[Session, Digest]:
    """Keys, the corpus that the root was trained on, and the root itself, sealed and signed."""
    new_keys(folder / "keys")
    store = DirectoryStore(folder / "store")
    splits: dict[Split, int] = {"train": 40, "guard": 10, "unseen": 10}
    shown = [(item, split) for seed, (split, count) in enumerate(splits.items(), 1) for item in walks(count, seed)]
    write_corpus(store, "walks", [Demonstration(identity_of(item), item, "walks", split) for item, split in shown])
    root = seal(store, trajectory_draft())
    manifest = load_from(store, root).manifest
    key = load_private_key(folder / "keys", KeyRole.BUILDER)
    said = SealPredicate("sample", manifest.version, None)
    store_statement(store, sign_statement(key, Subject("sample", root), said))
    move_pointer(store, "runs/sample/latest", root)
    return Session(store), root
