"""Rows as a re-fit sees them: what the head reads, and all that the reward is made of beside its signal."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from iirl_core.patch.sculpt import Placed
from iirl_core.reward_model import RewardModel, Rows


@dataclass(frozen=True, eq=False)
class SeenRows:
    """N rows ``z [N, D]`` as the head sees them; ``shaped`` is the map at their places, and ``patches [N]`` what
    kernels add to the reward.
    """

    z: Tensor
    shaped: Placed
    patches: Tensor

    def rewards(self, signal: Tensor) -> Tensor:
        """``[N]`` → ``[N]``: were these their signals."""
        return (self.shaped.reward(signal) + self.patches).clamp(0, 1)


@torch.no_grad()
def seen_rows(model: RewardModel, z: Tensor, rows: Rows) -> SeenRows:
    """Of ``z [N, D]`` as the encoder gives it, and ``rows``, what the model says of it."""
    shaped = model.shaped.at(lambda space: model.space(z, space))
    return SeenRows(model.seen(z), shaped, rows.boosted - rows.suppressed)
