"""A tiny text encoder, and texts that it can learn to tell apart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from iirl_core.config.encoding import TextEncoderSection
from iirl_core.config.expertness import DiscriminatorSection
from iirl_core.demonstration import Conversation, conversation
from iirl_core.encoder import fit_encoder
from iirl_core.encoder.text import TextEncoder
from iirl_core.expertness import Expertness, build_expertness
from iirl_core.tuning import Texts
from tests.iirl_core.encoder.tiny import Kind, tiny


def quiet(folder: Path, kind: Kind = "bert") -> str:
    """A tiny model without dropout, written into ``folder``."""
    name = tiny(kind, folder)
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    none = {key: 0.0 for key in config if key.endswith(("dropout", "dropout_prob"))}
    path.write_text(json.dumps({**config, **none}), encoding="utf-8")
    return name


def encoder_of(model: str, **section: object) -> TextEncoder:
    encoder = fit_encoder(TextEncoderSection.model_validate({"model": model, "max_tokens": 64, **section}), [])
    assert isinstance(encoder, TextEncoder)
    return encoder


def head(width: int, members: int = 2) -> Expertness:
    torch.manual_seed(0)
    return build_expertness(DiscriminatorSection(hidden=8, members=members), width)


def conversations(count: int = 12) -> list[Conversation]:
    """Even ones are kind, odd ones are not; of different lengths."""
    said = ["Of course, with pleasure", "No! Go away"]
    return [conversation(f"Help me, {n}?", said[n % 2] + ("." if n % 2 else "!") * (n % 5)) for n in range(count)]


def texts(encoder: TextEncoder, items: list[Conversation]) -> Texts:
    ids = [encoder.rendering.tokens(item).ids for item in items]
    row = torch.arange(len(items))
    return Texts(
        np.concatenate(ids).astype(np.int32),
        np.array([len(one) for one in ids]),
        expert=(row % 2 == 0).float(),
        weight=torch.ones(len(items)),
        row=row,
    )
