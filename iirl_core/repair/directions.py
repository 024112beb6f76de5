"""Directions in z that an edit moves answers in: what a Projection removes."""

from __future__ import annotations

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
    """``[K, D]``, K ≤ ``count``: the orthonormal directions in which the differences ``[P, D]`` are largest, in that
    order (their leading right singular vectors; the mean is not taken out, being what an edit does to all). Their
    largest component is positive, so that there is one answer.
    """
    _, sizes, directions = torch.linalg.svd(apart.double(), full_matrices=False)
    directions = directions[sizes > SMALL * sizes.max().clamp(min=1e-12)][:count]
    largest = directions.abs().argmax(dim=1, keepdim=True)
    signed: Tensor = directions * directions.gather(1, largest).sign()
    return signed
