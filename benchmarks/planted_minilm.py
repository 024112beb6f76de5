"""A frozen MiniLM for ``planted_biases``. Each text is encoded once, ever: rows of a frozen encoder are kept in a
folder, so that many rewards on it can be audited.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from iirl_core.config.encoding import TextEncoderSection
from iirl_core.demonstration import Input, conversation_of
from iirl_core.encoder import ArtifactKind, Encoded, Encoder, fit_encoder
from iirl_core.encoder.words import words_of

MAX_TOKENS = 128


class KeptMiniLM:
    """MiniLM's rows; what was encoded before is read from ``folder``. Each process writes a file of its own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"minilm-{MAX_TOKENS}-{os.getpid()}.npz"
        self.encoder: Encoder = fit_encoder(
            TextEncoderSection(model="minilm", max_tokens=MAX_TOKENS, truncation="context"), []
        )
        self.words = words_of(self.encoder)
        self._known: dict[bytes, np.ndarray] = {}
        self._new: dict[bytes, np.ndarray] = {}
        for path in sorted(folder.glob(f"minilm-{MAX_TOKENS}-*.npz")):
            kept = np.load(path)
            self._known |= dict(zip((bytes(name) for name in kept["names"]), kept["rows"], strict=True))

    @property
    def kind(self) -> ArtifactKind:
        """Takes conversations."""
        return "conversation"

    @property
    def width(self) -> int:
        """MiniLM's hidden size."""
        return self.encoder.width

    def encode(self, inputs: Sequence[Input]) -> Encoded:
        """A row a conversation."""
        names = [_name(item) for item in inputs]
        new = {name: item for name, item in zip(names, inputs, strict=True) if name not in self._known}
        if new:
            rows = dict(zip(new, self.encoder.encode(list(new.values())).z.numpy(), strict=True))
            self._known |= rows
            self._new |= rows
        z = torch.from_numpy(np.stack([self._known[name] for name in names])) if names else torch.zeros(0, self.width)
        return Encoded(z, (1,) * len(names), (None,) * len(names))

    def keep(self) -> None:
        """Write what is new."""
        if self._new:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part = self.path.with_suffix(".part")  # a kill leaves the last whole one
            with part.open("wb") as file:
                np.savez(
                    file,
                    names=np.array([np.frombuffer(one, np.uint8) for one in self._new]),
                    rows=np.stack(list(self._new.values())),
                )
            part.replace(self.path)


def _name(item: Input) -> bytes:
    turns = [[turn.role, turn.content] for turn in conversation_of(item).messages]
    return hashlib.sha256(json.dumps(turns).encode()).digest()
