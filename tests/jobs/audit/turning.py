"""A sealed root, its corpus and its norms in a store of their own: what the wheel's tests turn."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from cluster.session import Session
from iirl_core.artifact import ArtifactDraft, CorpusEntry, Guard, load_from, seal
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.corpus import identity_of, write_corpus
from iirl_core.demonstration import Demonstration, Split
from iirl_core.mapping.exponential import Exponential
from iirl_core.reward_model import RewardModel
from iirl_core.signing import KeyRole, SealPredicate, Subject, load_private_key, sign_statement, store_statement
from iirl_core.store import DirectoryStore, move_pointer
from jobs.key import new_keys
from tests.iirl_core.artifact.samples import config, trajectory_draft, walks

PROBES = {"far": 1600}


def wheel_config(folder: Path, **changes: object) -> Config:
    norm = {
        "id": "far-is-low",
        "kind": "ceiling",
        "hard": True,
        "threshold": 0.15,
        "limit": 0.05,
        "families": ["far"],
        "rationale": "What no demonstrator came near earns nothing.",
        "owner": "tests",
    }
    document = {
        "store": str(folder / "store"),
        "keys": str(folder / "keys"),
        "norms": [norm],
        "audit": {"probes": PROBES, "chunk": 400, "scorers": 2, "cpus_per_scorer": 0.25},
        "triage": "automatic",
        "flywheel": {"rounds": 8},
    }
    return config(**{**document, **changes})


def make_root(folder: Path) -> tuple[Session, Digest]:
    """Keys, the corpus that the root was trained on, and the root itself, sealed and signed."""
    new_keys(folder / "keys")
    store = DirectoryStore(folder / "store")
    splits: dict[Split, int] = {"train": 40, "guard": 10, "unseen": 10}
    shown = [(item, split) for seed, (split, count) in enumerate(splits.items(), 1) for item in walks(count, seed)]
    corpus = write_corpus(
        store, "walks", [Demonstration(identity_of(item), item, "walks", split) for item, split in shown]
    )
    learnt = (CorpusEntry("walks", "demonstrations", corpus.digest),)
    root = seal(store, dataclasses.replace(generous_draft(), corpora=learnt))
    manifest = load_from(store, root).manifest
    key = load_private_key(folder / "keys", KeyRole.BUILDER)
    said = SealPredicate("sample", manifest.version, None)
    store_statement(store, sign_statement(key, Subject("sample", root), said))
    move_pointer(store, "runs/sample/latest", root)
    return Session(store), root


def generous_draft() -> ArtifactDraft:
    """The sample with a map so wide that places far from the walks are rewarded too: there is something to find."""
    draft = trajectory_draft()
    model, mapping = draft.model, draft.model.mapping
    assert isinstance(mapping, Exponential)
    wide = dataclasses.replace(mapping, l_max=mapping.l_min + 2 * (mapping.l_max - mapping.l_min))
    model = RewardModel(model.encoder, model.expertness, wide, model.spaces, model.support)
    return dataclasses.replace(draft, model=model, guard=Guard.of(model, draft.guard.z, draft.guard.known_good))
