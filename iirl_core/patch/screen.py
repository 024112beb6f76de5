"""A Screen: which rows may lie within which of many balls, by one product in float32 that misses none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

BLOCK = 2**19
"""Pairs of a row and a ball that are screened at a time: 2 MiB of float32, so that they stay in the cache."""


@dataclass(frozen=True, eq=False)
class Screen:
    """K balls: ``centres [K, L]`` and ``radii [K]``, both float64."""

    centres: Tensor
    radii: Tensor

    @cached_property
    def origin(self) -> Tensor:
        """``[L]``: the middle of the centres, which coordinates are counted from."""
        return self.centres.mean(dim=0)

    @cached_property
    def _right(self) -> Tensor:
        """``[L + 2, K]`` float32: what ``[−2φ, ‖φ‖², 1]`` is multiplied by for ``‖φ − c‖²/r²``, less all that float32
        may be wrong by. |2φ·c| ≤ ‖φ‖² + ‖c‖², so a part of these two bounds the rounding of a sum of L + 2 products
        (Higham 2002, §3.1).
        """
        centres, square = self.centres - self.origin, self.radii.square()
        norms = (1 - self._slack) * centres.square().sum(dim=1)
        rows = torch.cat([centres.T, torch.ones_like(norms)[None], norms[None]]) / square
        return rows.float()

    @property
    def _slack(self) -> float:
        return 8 * (self.centres.shape[1] + 4) * 2.0**-24

    def near(self, phi: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """``phi [N, L]`` → block by block, its rows, and the numbers ``row·K + ball`` (rows counted from the block's
        first, in order) of all pairs that are within a radius of each other, and few more.
        """
        balls = len(self.radii)
        step = max(1, BLOCK // balls)
        room = torch.empty(min(step, len(phi)) * balls, device=phi.device)
        for start in range(0, len(phi), step):
            rows = slice(start, start + step)
            yield rows, self._near(phi[rows].detach(), room)

    def _near(self, phi: Tensor, room: Tensor) -> Tensor:
        here = phi.double() - self.origin.to(phi.device)
        norms = here.square().sum(dim=1, keepdim=True)
        left = torch.cat([-2 * here, (1 - self._slack) * norms, torch.ones_like(norms)], dim=1).float()
        lower = room[: len(phi) * len(self.radii)].view(len(phi), len(self.radii))
        torch.mm(left, self._right.to(phi.device), out=lower)
        if lower.is_cuda:
            return (lower >= 1).logical_not_().flatten().nonzero().squeeze(1)
        # What is no number is looked at. NumPy compares ten times as fast as torch does on a CPU.
        return torch.from_numpy(np.flatnonzero(~np.greater_equal(lower.numpy(), 1)))
