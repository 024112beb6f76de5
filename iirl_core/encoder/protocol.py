"""What an encoder is: inputs → z, one row per conversation or per trajectory step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from iirl_core.demonstration import Input
from iirl_core.errors import InputError
from iirl_core.reading import TokenCount

ArtifactKind = Literal["conversation", "trajectory"]


@dataclass(frozen=True, eq=False)
class Encoded:
    """``z [N, D]`` float32; ``lengths[b]`` rows of it, in order, belong to input ``b`` (1 for a conversation, T for
    a trajectory), so ``sum(lengths) == N``; ``tokens[b]`` is None for a trajectory. ``absorbed[b]`` steps follow input
    b in an absorbing state (empty: the encoder does not count them).
    """

    z: Tensor
    lengths: tuple[int, ...]
    tokens: tuple[TokenCount | None, ...]
    absorbed: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.z.ndim != 2 or self.z.dtype != torch.float32:
            raise InputError(f"encoded rows of shape {list(self.z.shape)} {self.z.dtype}", "[N, D] float32")
        if sum(self.lengths) != len(self.z) or len(self.lengths) != len(self.tokens):
            raise InputError(f"{len(self.z)} rows for lengths that sum to {sum(self.lengths)}", "equal numbers")
        if self.absorbed and len(self.absorbed) != len(self.lengths):
            raise InputError(f"absorbed steps of {len(self.absorbed)} inputs", f"of {len(self.lengths)}")


class Encoder(Protocol):
    """Frozen once sealed. The row of an input does not depend on what else was in the batch (1e-5 on the signal)."""

    @property
    def kind(self) -> ArtifactKind:
        """Which inputs it takes; others raise InputError."""
        ...

    @property
    def width(self) -> int:
        """D, the size of a row of z."""
        ...

    def encode(self, inputs: Sequence[Input]) -> Encoded:
        """Encode; results come in the order of ``inputs``, whatever batching happens inside.

        Raises:
            InputError: an input is of the other kind, or of another dimension than was trained on.
        """
        ...
