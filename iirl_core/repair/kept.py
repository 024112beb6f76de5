"""Kept: what known-good rewards may not lose to a re-fit, as tensors."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from iirl_core.patch.budget import KNOWN_GOOD, ROUNDING
from iirl_core.patch.known_good import KnownGood, known_rows
from iirl_core.patch.propose import SPENT
from iirl_core.repair.seen import SeenRows, seen_rows
from iirl_core.reward_model import RewardModel


@dataclass(frozen=True, eq=False)
class Kept(SeenRows):
    """K rows whose rewards must not fall below ``floor [K]`` and should not below ``least [K]`` (both 0: they are held
    to nothing), and whose ``signal [K]`` should stay.
    """

    signal: Tensor
    least: Tensor
    floor: Tensor

    def pick(self, rows: Tensor) -> Kept:
        """Those at ``rows``."""
        return Kept(
            self.z[rows],
            self.shaped.pick(rows),
            self.patches[rows],
            self.signal[rows],
            self.least[rows],
            self.floor[rows],
        )


@torch.no_grad()
def kept_of(model: RewardModel, known: KnownGood, budget: float) -> Kept:
    """All known-good rows, the guard set first: each may lose the share ``budget`` of its root reward, less what is
    left for later, and should not lose half of that; where repairs have taken more already, no more.
    """
    z, rows, root = known_rows(model, known)
    good = root >= KNOWN_GOOD
    least, floor = (
        torch.minimum((1 - share * SPENT * budget) * root, rows.reward - ROUNDING).where(good, 0) for share in (0.5, 1)
    )
    seen = seen_rows(model, z, rows)
    return Kept(seen.z, seen.shaped, seen.patches, rows.signal, least, floor)
