"""The reward as a function of points, for families that search it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from iirl_core.encoder.trajectory import TrajectoryEncoder
from iirl_core.errors import InputError
from iirl_core.expertness import Episodes
from iirl_core.reward_model import RewardModel

BLOCK = 8192
TINY = 1e-8


@dataclass(frozen=True, eq=False)
class PointReward:
    """``points [N, P]`` in the observations' own units → patched rewards ``[N]``, and the slope of their logarithm.

    Raises:
        InputError: the model does not read trajectories.
    """

    model: RewardModel

    def __post_init__(self) -> None:
        self._encoder()

    def _encoder(self) -> TrajectoryEncoder:
        if not isinstance(self.model.encoder, TrajectoryEncoder):
            raise InputError("a search over points, in a model of conversations", "a model of trajectories")
        return self.model.encoder

    def _reward(self, points: Tensor) -> Tensor:
        encoder = self._encoder()
        return self.model.rewards((points - encoder.mean) / encoder.scale, Episodes.single(len(points)))

    @torch.no_grad()
    def rewards(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """``[N, P]`` → ``[N]`` in [0, 1]; a reward that is not a number counts as 1: what a search should find."""
        parts = torch.split(torch.from_numpy(points).float(), BLOCK)
        return torch.cat([self._reward(part) for part in parts]).double().nan_to_num(nan=1.0).numpy()

    def slopes(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """``∂ log(reward + 1e-8)/∂ point``, ``[N, P]``; zero where the reward is clipped. The logarithm keeps a
        direction where the reward is almost nothing.
        """
        slopes = []
        for part in torch.split(torch.from_numpy(points).float(), BLOCK):
            here = part.clone().requires_grad_()
            (slope,) = torch.autograd.grad((self._reward(here) + TINY).log().sum(), here)
            slopes.append(slope)
        return torch.nan_to_num(torch.cat(slopes)).double().numpy()
