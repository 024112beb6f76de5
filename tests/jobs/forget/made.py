"""Walks of two sources, so that one of them can be forgotten, and rewards that learn from them in seconds."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from rich.console import Console
from torch import Tensor

from cluster.session import Session
from iirl_core.artifact import Artifact, ArtifactDraft, Guard, load_from, seal
from iirl_core.config import Config
from iirl_core.corpus import identity_of, write_corpus
from iirl_core.demonstration import Demonstration, Input, Split
from iirl_core.encoder import Encoder, fit_encoder
from iirl_core.expertness import build_expertness
from iirl_core.reward_model import assemble
from iirl_core.store import DirectoryStore, move_pointer
from jobs.console import Progress
from jobs.train.dealing import Choice, tasks_of
from jobs.train.learnable import read_sources
from jobs.train.sources import ROLES, Sources, parts_of
from tests.iirl_core.artifact.samples import fit
from tests.jobs.train.made import make_builder, walks, walks_config

OCCUPANCY = {"family": "occupancy", "features": 64}
KINDS: tuple[Split, ...] = ("train", "train", "train", "guard", "unseen", "train")


def quiet() -> tuple[Progress, io.StringIO]:
    """Progress that prints to a text."""
    printed = io.StringIO()
    return Progress(Console(file=printed, soft_wrap=True)), printed


def named(item: Input, source: str, split: Split) -> Demonstration:
    return Demonstration(identity_of(item), item, source, split)


def demonstrations(source: str, count: int, seed: int, aside: float = 0.0) -> list[Demonstration]:
    """Two thirds of them to train on."""
    items = walks(count, 0.05, seed, aside)
    return [named(item, source, KINDS[number % len(KINDS)]) for number, item in enumerate(items)]


OURS = demonstrations("ours", 60, seed=0)
THEIRS = demonstrations("theirs", 60, seed=1, aside=0.1)
ALL = [one for pair in zip(OURS, THEIRS, strict=True) for one in pair]
WANDERINGS = [named(item, "wanderings", "train") for item in walks(20, 0.2, seed=2, aside=0.8)]


def made(folder: Path, shown: list[Demonstration], **changes: Any) -> tuple[Session, Config]:
    """The corpora, ingested, and a configuration to learn from them by."""
    store = DirectoryStore(folder / "store")
    write_corpus(store, "walks", shown)
    write_corpus(store, "wanderings", WANDERINGS)
    make_builder(folder)
    document = walks_config(folder, epochs=12).model_dump(mode="json")
    return Session(store), Config.model_validate({**document, **changes})


def rows(sources: Sources, config: Config, encoder: Encoder) -> dict[str, Tensor]:
    """``z`` by part, in the order of training's features; of ``train`` the demonstrations."""
    parts, found = parts_of(sources, config), list[tuple[int, str, Tensor]]()
    for role, corpora in zip(ROLES, (sources.demonstrations, sources.negatives), strict=True):
        for table in (table for corpus in corpora for table in corpus.batches()):
            dealt = tasks_of(table.append_column("role", pa.array([role] * len(table))), parts, (), Choice())
            for task in dealt:
                z = encoder.encode([task.input]).z
                found += [(int(n), task.part, row) for n, row in zip(task.rows(len(z)), z, strict=True)]
    found.sort(key=lambda row: row[0])
    return {part: torch.stack([z for _, one, z in found if one == part]) for part in {part for _, part, _ in found}}


def learnt(session: Session, config: Config) -> Artifact:
    """What ``iirl train`` would make of the newest corpora, in this process: learnt by heart."""
    store, sources = session.store, read_sources(session.store, config)
    encoder = fit_encoder(config.encoder, (one.input for one in sources.train_demonstrations()))
    z = rows(sources, config, encoder)
    torch.manual_seed(config.seed)
    expertness = build_expertness(config.expertness, encoder.width)
    fit(expertness, z["train"], torch.ones(len(z["train"])), steps=60)
    model = assemble(
        config.mapping, encoder, expertness, z_train=z["train"], z_guard=z["guard"], z_contrast=z["contrast"]
    )
    draft = ArtifactDraft(
        model=model,
        guard=Guard.of(model, z["guard"], z["train"]),
        config=config,
        corpora=sources.entries(),
        metrics={"steps": 60.0},
        provenance=sources.provenance(config),
    )
    digest = seal(store, draft)
    move_pointer(store, f"runs/{config.name}/latest", digest)
    return load_from(store, digest)


def held(z: Tensor, demonstration: Demonstration, encoder: Encoder) -> bool:
    """Whether any row of ``z`` is one of the demonstration's."""
    mine = encoder.encode([demonstration.input]).z
    return bool((torch.cdist(mine, z) < 1e-6).any())


def items(shown: list[Demonstration], split: Split) -> list[Input]:
    return [one.input for one in shown if one.split == split]


def values(artifact: Artifact, shown: list[Demonstration]) -> np.ndarray:
    return np.array([one.reward for one in artifact.read([one.input for one in shown])])
