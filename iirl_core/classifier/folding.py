"""M heads → one: the mean of an ensemble's signals as a single network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from iirl_core.expertness.heads import Heads


@dataclass(frozen=True, eq=False)
class Folded:
    """``signal = tanh(LayerNorm(z)·dense + dense_bias)·weight + bias`` with ``dense [D, U]``, ``weight [U]``; where
    ``dense`` is None ``signal = z·weight + bias`` with ``weight [D]``.
    """

    dense: Tensor | None
    dense_bias: Tensor | None
    weight: Tensor
    bias: float


def fold(heads: Heads) -> Folded | None:
    """The mean over members of ``heads.signals``; None where a member's signal is no line of its head's output."""
    affine = heads.affine()
    if affine is None:
        return None
    scale, shift = (numbers.detach().double() for numbers in affine)
    weight = heads.head.detach().double().squeeze(-1) * scale.unsqueeze(1) / heads.members
    bias = shift.mean()
    if heads.linear:
        return Folded(None, None, weight.sum(dim=0).float(), float(bias))
    bias = bias + (heads.head_bias.detach().double().flatten() * scale).mean()
    dense = torch.cat(list(heads.dense.detach()), dim=1)
    return Folded(dense, heads.dense_bias.detach().flatten(), weight.flatten().float(), float(bias))
