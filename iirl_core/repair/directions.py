"""Directions in z that an edit moves answers in: what a Projection removes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from iirl_core.demonstration import Input
from iirl_core.reward_model import RewardModel

SMALL = 1e-4
"""Directions along which the differences are smaller than this share of the largest are noise."""


@torch.no_grad()
def differences(model: RewardModel, pairs: Sequence[tuple[Input, Input]], steps: Sequence[int]) -> Tensor:
    """``[P, D]``: what the head sees of an edit, less what it sees of its original; of trajectories of the same length
    at the step given for the pair, of others on average. Columns that are no place stay out of it: they are 0.

    Raises:
        InputError: the inputs are not such as the model reads.
    """
    encoded = model.encoder.encode([item for pair in pairs for item in pair])
    seen = model.seen(encoded.z).clone()
    if model.expertness.unseen:
        seen[:, -model.expertness.unseen :] = 0
    rows = torch.split(seen, list(encoded.lengths))
    apart = []
    for original, edited, step in zip(rows[::2], rows[1::2], steps, strict=True):
        alike = len(original) == len(edited)
        apart.append(edited[step] - original[step] if alike else edited.mean(dim=0) - original.mean(dim=0))
    return torch.stack(apart) if apart else seen[:0]


def leading(apart: Tensor, count: int) -> Tensor:
    """``[K, D]``, K ≤ ``count``: orthonormal directions of the differences ``[P, D]``: first their mean, which is what
    an edit does to all (the difference in means, as Belrose et al. 2023 weigh it, arXiv 2306.03819), then the leading
    right singular vectors of what is left. Their largest component is positive, so that there is one answer.
    """
    apart = apart.double()
    least = SMALL * torch.linalg.matrix_norm(apart, 2).clamp(min=1e-12)
    mean = apart.mean(dim=0)
    shift = mean[None] / mean.norm() if mean.norm() * math.sqrt(len(apart)) > least else apart[:0]
    _, sizes, others = torch.linalg.svd(apart - apart @ shift.T @ shift, full_matrices=False)
    directions = torch.cat([shift, others[sizes > least]])[:count]
    largest = directions.abs().argmax(dim=1, keepdim=True)
    signed: Tensor = directions * directions.gather(1, largest).sign()
    return signed
