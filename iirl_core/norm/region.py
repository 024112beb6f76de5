"""Regions of observation space that a trajectory norm speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KDTree

from iirl_core.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Region:
    """Steps farther than ``beyond`` from ``geometry [P, obs]`` (a dense sample of a curve or surface), inside the box
    ``low … high`` (each ``[obs]``). Distances are Euclidean, in the observations' own units.

    Raises:
        ConfigError: shapes do not fit, or ``beyond`` is not positive.
    """

    geometry: NDArray[np.float64]
    beyond: float
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.geometry.ndim != 2 or self.low.shape != self.geometry.shape[1:] or self.high.shape != self.low.shape:
            raise ConfigError(
                f"region geometry {list(self.geometry.shape)}, box {list(self.low.shape)}", "[P, obs] and [obs]"
            )
        if self.beyond <= 0 or not (self.low < self.high).all():
            raise ConfigError(f"region beyond {self.beyond} in an empty box", "beyond > 0 and low < high")

    @cached_property
    def tree(self) -> KDTree:
        """Over the geometry."""
        return KDTree(self.geometry)

    def distance(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """``[T, obs]`` → ``[T]``, the distance to the geometry."""
        distances, _ = self.tree.query(np.asarray(observations, dtype=np.float64), k=1)
        return np.asarray(distances[:, 0], dtype=np.float64)

    def holds(self, observations: NDArray[np.float32]) -> NDArray[np.bool_]:
        """``[T, obs]`` → ``[T]``, whether each step lies in the region."""
        inside = ((observations >= self.low) & (observations <= self.high)).all(axis=1)
        return np.asarray(inside & (self.distance(observations) > self.beyond), dtype=np.bool_)
