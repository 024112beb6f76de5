"""What repairs must keep, seen from one space: coordinates, what may still be taken, and how sparse the sample is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from iirl_core.patch.patch import Space
from iirl_core.reward_model import RewardModel
from iirl_core.reward_model.rows import Rows

BLOCK = 512
GATE_ON = 0.05
"""Rows with less weight do not say how densely an expert's demonstrations lie."""
FEW = 20
SPARSE = 0.1
"""The margin where too few rows say better, in units of the space's spread."""
QUANTILE = 0.99


class KnownGood(Protocol):
    """Rows that must keep their rewards; an artifact's Guard is one."""

    @property
    def z(self) -> Tensor:
        """``[G, D]``: the guard set."""
        ...

    @property
    def root_rewards(self) -> Tensor:
        """``[G]``: what the unpatched root gave it."""
        ...

    @property
    def known_good(self) -> Tensor:
        """``[K, D]``: rows of training demonstrations, K ≥ 0."""
        ...


@torch.no_grad()
def known_rows(model: RewardModel, known: KnownGood) -> tuple[Tensor, Rows, Tensor]:
    """``[G + K, D]`` known-good rows, guard rows first, what the model says of them, and what the root gave them
    ``[G + K]``: of training rows, what the model gives without repairs.
    """
    z = torch.cat([known.z, known.known_good])
    rows = model.rows(z)
    return z, rows, torch.cat([known.root_rewards, rows.unpatched[len(known.z) :]])


@torch.no_grad()
def slack_of(model: RewardModel, known: KnownGood, budget: float) -> Tensor:
    """``[G + K]`` float64 ≥ 0: what may still be taken from every known-good row, its earlier charges deducted.

    Guard rows first. Training rows are held to the same budget, measured from the unpatched model.
    """
    train = model.rows(known.known_good)
    root = torch.cat([known.root_rewards, train.unpatched]).double()
    now = torch.cat([model.rewards(known.z), train.reward]).double()
    return (budget * root - (root - now)).clamp(min=0)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """One expert's view of the known-good rows: ``phi [N, L]`` float64, ``gate [N]``, and ``margin``, the 0.99 quantile
    of the distance from a guard row to the nearest training row. A demonstration that nobody has seen lies about that
    far from the known ones, so repairs stay that far away where they can.
    """

    space: Space
    expert: int
    phi: Tensor
    gate: Tensor
    margin: float


@torch.no_grad()
def neighbours_of(model: RewardModel, known: KnownGood, space: Space) -> list[Neighbours]:
    """One per expert of ``space``; rows in the order of ``slack_of``."""
    phi, gate = model.space(torch.cat([known.z, known.known_good]), space)
    guard = torch.arange(len(phi)) < len(known.z)
    return [
        Neighbours(space, e, phi[:, e].double(), gate[:, e].double(), _margin(phi[:, e].double(), gate[:, e], guard))
        for e in range(phi.shape[1])
    ]


def _margin(phi: Tensor, gate: Tensor, guard: Tensor) -> float:
    on = gate > GATE_ON
    asked, known = phi[guard & on], phi[~guard & on]
    if len(asked) < FEW or len(known) < FEW:
        return SPARSE
    return float(nearest(asked, known)[0].quantile(QUANTILE))


def nearest(rows: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """``[N, L], [P, L]`` → distance and index ``[N]`` of the nearest point, in bounded memory."""
    found = [torch.cdist(part, points).min(dim=1) for part in torch.split(rows, BLOCK)]
    return torch.cat([part.values for part in found]), torch.cat([part.indices for part in found])
