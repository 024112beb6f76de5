"""Hidden states of a text's tokens → one row for the text."""

from __future__ import annotations

from typing import get_args

import torch
from torch import Tensor

from iirl_core.config.encoding import Pooling

POOLINGS: tuple[Pooling, ...] = get_args(Pooling)


def pool(hidden: Tensor, mask: Tensor, pooling: Pooling) -> Tensor:
    """``hidden [B, T, D]``, ``mask [B, T]`` (true where a token is real, at least one a row; padded on the right) →
    ``[B, D]``; differentiable. What stands where nothing is real counts for nothing.

    * ``mean`` over the real tokens;
    * ``cls``: the first token, which a bidirectional model lets see all others;
    * ``last``: the last real token, the only one that sees all others in a causal model.
    """
    if pooling == "cls":
        return hidden[:, 0]
    real = mask.to(torch.bool)
    lengths = real.sum(dim=1)
    if pooling == "last":
        return hidden[torch.arange(len(hidden), device=hidden.device), lengths - 1]
    return hidden.masked_fill(~real.unsqueeze(-1), 0).sum(dim=1) / lengths.unsqueeze(1)
