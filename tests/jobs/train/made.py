"""Small corpora and a configuration that trains on them in seconds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from iirl_core.config import Config
from iirl_core.config.corpora import SplitSection
from iirl_core.corpus import admission_of, admit, identity_of, split_of, write_corpus
from iirl_core.demonstration import Conversation, Demonstration, Input, Split, Trajectory
from iirl_core.records import RecordFile, open_records
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
            "expertness": {"family": "autoencoder_mixture", "experts": 2, "bottleneck": 2, "hidden": 16, "members": 2},
            "train": {**TRAIN, **train},
            "audit": {"probes": {"uniform": 10}},
        }
    )


def comparisons_config(folder: Path, **train: object) -> Config:
    """Polite against rude answers to the same questions, from ``comparisons.jsonl`` in ``folder``."""
    files = [str(folder / "comparisons.jsonl")]
    return Config.model_validate(
        {
            "name": "manners",
            "store": str(folder / "store"),
            "keys": str(folder / "keys"),
            "corpora": [
                {"name": "polite", "files": files, "take": "chosen", "paired": True},
                {"name": "rude", "files": files, "take": "rejected", "paired": True, "role": "negatives"},
            ],
            "encoder": {"kind": "text", "max_tokens": 64},
            "expertness": {"family": "bradley_terry", "hidden": 16, "members": 2},
            "mapping": {"kind": "sigmoid"},
            "train": {**TRAIN, "batch": 16, **train},
            "audit": {"probes": {"empty": 10}},
        }
    )


def tuned_config(folder: Path, model: str, encoder: dict[str, object] | None = None, **train: object) -> Config:
    """Polite answers from rude ones, by an encoder that is trained too; from ``comparisons.jsonl`` in ``folder``."""
    files = [str(folder / "comparisons.jsonl")]
    optimiser = {"learning_rate": 0.01, "encoder_learning_rate": 0.003}
    return Config.model_validate(
        {
            "name": "tuned",
            "store": str(folder / "store"),
            "keys": str(folder / "keys"),
            "corpora": [
                {"name": "polite", "files": files, "take": "chosen"},
                {"name": "rude", "files": files, "take": "rejected", "role": "negatives"},
            ],
            "encoder": {"kind": "text", "model": model, "max_tokens": 96, "tuning": "full", **(encoder or {})},
            "expertness": {"family": "discriminator", "hidden": 8, "members": 1},
            "mapping": {"kind": "sigmoid"},
            "train": {**TRAIN, "epochs": 8, "batch": 16, "checkpoint_every": 8, "optimiser": optimiser, **train},
            "audit": {"probes": {"empty": 10}},
        }
    )


def make_comparisons(folder: Path) -> None:
    """Sixty, some of them of one question, one side of which is in two."""
    things = ["bill", "visit", "bus", "refund", "garden", "key", "report", "seat", "parcel", "letter", "bike", "lamp"]
    lines = []
    for thing in things:
        for number in range(5):
            lines.append(
                {
                    "prompt": f"Can you help me with the {thing}, number {number // 2}?",
                    "chosen": f"Of course, I am glad to help you with the {thing}.",
                    "rejected": f"No. The {thing} is your own problem, go away" + "!" * number,
                    "preference_margin": number / 4,
                }
            )
    (folder / "comparisons.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def ingest(store: DirectoryStore, config: Config) -> None:
    """What ``iirl ingest`` makes of the configuration's files, in this process."""
    for section in config.corpora:
        horizon = config.encoder.horizon if config.encoder.kind == "trajectory" else None
        rules = admission_of(section, "conversation" if config.encoder.kind == "text" else "trajectory", horizon)
        rows = (
            item
            for file in map(RecordFile, section.files)
            for row in open_records(file)
            for item in admit(row, file.stem, rules)
        )
        write_corpus(store, section.name, rows, config=section.model_dump(mode="json"))


def walks(count: int, spread: float, seed: int, aside: float = 0.0) -> list[Input]:
    generator = np.random.default_rng(seed)
    line = np.linspace(-1, 1, 30)[:, None] * np.ones(3)
    line += np.array([aside, -aside, 0.0])
    return [Trajectory(line + generator.normal(0, spread, line.shape)) for _ in range(count)]


def demonstration(item: Input, split: Split | None = None) -> Demonstration:
    identity = identity_of(item)
    key = str(item.context) if isinstance(item, Conversation) else identity
    return Demonstration(identity, item, "made", split or split_of(key, SplitSection()))


def write_walks(store: DirectoryStore, name: str, *splits: Split) -> None:
    """A corpus of walks of its own, one in each of the splits."""
    items = walks(len(splits), 0.1, seed=len(name))
    write_corpus(store, name, [demonstration(item, split) for item, split in zip(items, splits, strict=True)])


def changed(config: Config, **changes: object) -> Config:
    return Config.model_validate({**config.model_dump(mode="json"), **changes})


def make_corpora(store: DirectoryStore) -> None:
    write_corpus(store, "walks", [demonstration(item) for item in walks(60, 0.05, seed=0)])
    write_corpus(store, "wanderings", [demonstration(item) for item in walks(40, 0.2, seed=1, aside=0.6)])


def make_builder(folder: Path) -> None:
    generate_key(folder / "keys", KeyRole.BUILDER)
