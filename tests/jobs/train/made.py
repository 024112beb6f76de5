"""Small corpora and a configuration that trains on them in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from iirl_core.config import Config
from iirl_core.config.learning import SplitSection
from iirl_core.corpus import identity_of, split_of, write_corpus
from iirl_core.demonstration import Conversation, Demonstration, Input, Split, Trajectory
from iirl_core.signing import KeyRole, generate_key
from iirl_core.store import DirectoryStore

TRAIN = {"epochs": 20, "batch": 64, "checkpoint_every": 50, "max_failures": 0, "zero_stage": 1}


def walks_config(folder: Path, **train: object) -> Config:
    """Walks, states only; wanderings are what the map is anchored at."""
    return Config.model_validate(
        {
            "name": "walks",
            "store": str(folder / "store"),
            "keys": str(folder / "keys"),
            "corpora": [
                {"name": "walks", "files": ["walks.npz"]},
                {"name": "wanderings", "role": "negatives", "files": ["wanderings.npz"]},
            ],
            "encoder": {"kind": "trajectory"},
            "expertness": {"family": "autoencoder_mixture", "experts": 2, "hidden": 16, "members": 2},
            "train": {**TRAIN, **train},
            "audit": {"probes": {"uniform": 10}},
        }
    )


def walks(count: int, spread: float, seed: int, aside: float = 0.0) -> list[Input]:
    generator = np.random.default_rng(seed)
    line = np.linspace(-1, 1, 30)[:, None] * np.ones(3)
    line += np.array([aside, -aside, 0.0])
    return [Trajectory(line + generator.normal(0, spread, line.shape)) for _ in range(count)]


def demonstration(item: Input, split: Split | None = None) -> Demonstration:
    identity = identity_of(item)
    key = str(item.context) if isinstance(item, Conversation) else identity
    return Demonstration(identity, item, "made", split or split_of(key, SplitSection()))


def make_corpora(store: DirectoryStore) -> None:
    write_corpus(store, "walks", [demonstration(item) for item in walks(60, 0.05, seed=0)])
    write_corpus(store, "wanderings", [demonstration(item) for item in walks(40, 0.2, seed=1, aside=0.6)])


def make_builder(folder: Path) -> None:
    generate_key(folder / "keys", KeyRole.BUILDER)
