"""The rewards that biases are planted in: what they learn from, and one of its own for every seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.bag_encoder import BagEncoder
from iirl_core.config import Config
from iirl_core.config.corpora import SplitSection
from iirl_core.corpus.identity import split_of
from iirl_core.demonstration import Conversation, conversation_of
from iirl_core.encoder import Encoder
from iirl_core.expertness import Batch, build_expertness
from iirl_core.expertness.discriminator import Discriminator
from iirl_core.records import Quarantined, open_records, parse_record
from iirl_core.reward_model import RewardModel, assemble

PORTAL = Path(__file__).parent.parent / "examples" / "portal"
SPLIT = SplitSection(train=0.8, guard=0.2, unseen=0)
WIDTH, EPOCHS, BATCH, RATE, DECAY, DRAWN = 96, 30, 128, 1e-2, 3.0, 0.8


@dataclass(frozen=True)
class Corpora:
    """What rewards learn from, and what the audit draws on."""

    shown: tuple[Conversation, ...]
    guard: tuple[Conversation, ...]
    careless: tuple[Conversation, ...]
    contrast: tuple[Conversation, ...]
    probes: tuple[Conversation, ...]


def corpora(folder: Path = PORTAL / "data") -> Corpora:
    """The portal's, split by prompt."""
    read = {
        name: tuple(_read(folder / f"{name}.jsonl")) for name in ("demonstrations", "careless-train", "careless-probes")
    }
    parts: dict[str, dict[str, list[Conversation]]] = {name: {"train": [], "guard": []} for name in read}
    for name, items in read.items():
        for item in items:
            parts[name][split_of(item.context[-1].content, SPLIT)].append(item)
    shown, careless = parts["demonstrations"], parts["careless-train"]
    return Corpora(
        shown=tuple(shown["train"]),
        guard=tuple(shown["guard"]),
        careless=tuple(careless["train"]),
        contrast=tuple(careless["guard"]),
        probes=read["careless-probes"],
    )


def _read(path: Path) -> Iterator[Conversation]:
    for row in open_records(path):
        assert not isinstance(row, Quarantined), row.reason
        yield conversation_of(parse_record(row.document))


def learnt(config: Config, data: Corpora, seed: int, on: Encoder | None = None) -> RewardModel:
    """A reward of its own for every seed, on an encoder of its own where there is none to stand ``on``."""
    rng = np.random.default_rng(seed)
    good, bad = (
        [items[place] for place in rng.permutation(len(items))[: int(DRAWN * len(items))].tolist()]
        for items in (data.shown, data.careless)
    )
    encoder = on or BagEncoder([*good, *bad], WIDTH, seed)
    z_good, z_bad = encoder.encode(good).z, encoder.encode(bad).z
    torch.manual_seed(seed)
    head = build_expertness(config.expertness, encoder.width)
    assert isinstance(head, Discriminator)
    head.balance(len(good), len(bad))
    z, expert = torch.cat([z_good, z_bad]), torch.cat([torch.ones(len(good)), torch.zeros(len(bad))])
    optimiser = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=DECAY)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(z)).split(BATCH):
            optimiser.zero_grad()
            head.loss(Batch(z[rows], expert[rows], torch.ones(len(rows)), rows)).backward()
            optimiser.step()
    guard, contrast = encoder.encode(data.guard).z, encoder.encode(data.contrast).z
    return assemble(config.mapping, encoder, head, z_train=z_good, z_guard=guard, z_contrast=contrast)
