"""Candidate kernels around flaws: where, how strong, and how wide they can be.

A kernel may be much stronger than what it removes: too much suppression costs nothing under one clip, and it lets a
kernel clear nearly all of its support. So its width is bounded by the known-good rows alone. With strength s it takes
``s·w·K(d/h)`` from a row at distance d whose gate is w; that stays within a share of the row's slack when
``h ≤ (d − margin) / K⁻¹(share·slack/(s·w))``.

A kernel that is centred on a flaw close to the known-good rows is small. One centred farther away from them, on the
same ray, is larger and still reaches the flaw: every flaw offers both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from iirl_core.patch.kernel import kernel
from iirl_core.patch.known_good import BLOCK, Neighbours, nearest

OVERKILL = (30.0, 2000.0)
"""Strengths tried, in units of 1/gate of the flaw. At 2000 a kernel clears a reward of 1 up to 0.9 of its width."""
PUSHES = (0.0, 1.0, 3.0)
"""Centres tried, in units of the flaw's distance from the nearest known-good row, less the margin."""
SHARE = 0.1
"""Of a row's remaining slack, for one kernel."""
ENOUGH = 1.5
"""A flaw counts as cleared when this many times its reward is taken: its neighbours come with it."""
LEAST_WIDTH = 0.01
"""Narrower kernels repair a point, not a flaw."""

_DISTANCES = torch.linspace(0, 1, 20_001, dtype=torch.float64)
_VALUES = kernel(_DISTANCES).flip(0).numpy()


def inverse_kernel(value: Tensor) -> Tensor:
    """``K⁻¹``: the distance in [0, 1] at which the kernel has ``value``; 0 for values ≥ 1."""
    flat = np.interp(value.clamp(max=1).numpy(), _VALUES, _DISTANCES.flip(0).numpy())
    return torch.from_numpy(np.asarray(flat))


@dataclass(frozen=True, eq=False)
class Candidates:
    """C kernels of one expert: ``centres [C, L]``, ``widths [C]``, ``strengths [C]``, and ``clears [C, F]``, whether a
    kernel alone clears a flaw.
    """

    neighbours: Neighbours
    centres: Tensor
    widths: Tensor
    strengths: Tensor
    clears: Tensor

    def charge(self, index: int) -> Tensor:
        """``[N]``: what the kernel takes from every known-good row."""
        distance = torch.cdist(self.centres[index : index + 1], self.neighbours.phi)[0] / self.widths[index]
        return self.strengths[index] * self.neighbours.gate * kernel(distance)


def candidates_of(
    neighbours: Neighbours,
    slack: Tensor,
    flaws: tuple[Tensor, Tensor, Tensor],
    around: Tensor,
    *,
    caution: float,
    max_width: float,
) -> Candidates:
    """Kernels around the flaws with the indices ``around``. ``flaws`` holds all F of them: ``phi [F, L]``, ``gate [F]``
    and ``reward [F]``, what has to be taken. ``caution`` scales the margin that is kept from known-good rows; half of
    it is also added around flaws.
    """
    phi, gate, reward = flaws
    margin = caution * neighbours.margin
    centres = _pushed(phi[around], neighbours, margin)
    own = gate[around].repeat(len(PUSHES))
    spread = torch.cdist(centres, phi) + margin / 2
    widths = torch.zeros(len(centres), dtype=torch.float64)
    strengths = torch.ones(len(centres), dtype=torch.float64)
    clears = torch.zeros(len(centres), len(phi), dtype=torch.bool)
    for overkill in OVERKILL:
        strength = overkill / own
        width = _widths(centres, strength, neighbours, slack, margin).clamp(max=max_width)
        taken = strength[:, None] * gate * kernel(spread / width.clamp(min=1e-12)[:, None])
        cleared = (taken >= ENOUGH * reward) & (width >= LEAST_WIDTH)[:, None]
        better = cleared.sum(dim=1) > clears.sum(dim=1)
        widths, strengths = widths.where(~better, width), strengths.where(~better, strength)
        clears = clears.where(~better[:, None], cleared)
    useful = clears.any(dim=1)
    return Candidates(neighbours, centres[useful], widths[useful], strengths[useful], clears[useful])


def _pushed(phi: Tensor, neighbours: Neighbours, margin: float) -> Tensor:
    """``[len(PUSHES)·N, L]``: the flaws, and points farther from their nearest known-good row."""
    distance, index = nearest(phi, neighbours.phi)
    away = (phi - neighbours.phi[index]) / distance.clamp(min=1e-12)[:, None]
    room = (distance - margin).clamp(min=0)[:, None]
    return torch.cat([phi + push * room * away for push in PUSHES])


def _widths(centres: Tensor, strengths: Tensor, neighbours: Neighbours, slack: Tensor, margin: float) -> Tensor:
    """``[C]``: the widest that no known-good row forbids; infinite where none does."""
    parts = []
    for rows in torch.split(torch.arange(len(centres)), BLOCK):
        distance = (torch.cdist(centres[rows], neighbours.phi) - margin).clamp(min=0)
        # One row of limits serves all kernels of equal strength, which is every space without experts.
        strength = strengths[:1] if bool((strengths == strengths[0]).all()) else strengths[rows]
        allowed = SHARE * slack / (strength[:, None] * neighbours.gate).clamp(min=1e-12)
        edge = inverse_kernel(allowed)
        parts.append((distance / edge).where(edge > 0, distance.new_tensor(torch.inf)).min(dim=1).values)
    return torch.cat(parts)
