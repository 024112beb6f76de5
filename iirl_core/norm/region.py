"""Regions of observation space that a trajectory norm speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KDTree

from iirl_core.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Region:
    """Steps farther than ``beyond`` from ``geometry [P, obs]`` (a dense sample of a curve or surface, or demonstrated
    steps), inside the box ``low … high`` (each ``[obs]``). Distances are Euclidean, in ``unit [obs]`` of each dimension
    (None: the observations' own).

    Raises:
        ConfigError: shapes do not fit, or ``beyond`` or a unit is not positive.
    """

    geometry: NDArray[np.float64]
    beyond: float
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    unit: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if self.geometry.ndim != 2 or self.low.shape != self.geometry.shape[1:] or self.high.shape != self.low.shape:
            raise ConfigError(
                f"region geometry {list(self.geometry.shape)}, box {list(self.low.shape)}", "[P, obs] and [obs]"
            )
        if self.beyond <= 0 or not (self.low < self.high).all():
            raise ConfigError(f"region beyond {self.beyond} in an empty box", "beyond > 0 and low < high")
        if self.unit is not None and (self.unit.shape != self.low.shape or not (self.unit > 0).all()):
            raise ConfigError(f"region units of shape {list(self.unit.shape)}", "one a dimension, above 0")

    @property
    def width(self) -> int:
        """Observation dimensions."""
        return len(self.low)

    @property
    def units(self) -> NDArray[np.float64]:
        """``[obs]``, ones where none were given."""
        return np.ones(self.width) if self.unit is None else self.unit

    @cached_property
    def tree(self) -> KDTree:
        """Over the geometry, in ``units``."""
        return KDTree(self.geometry / self.units)

    def distance(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """``[T, obs]`` → ``[T]``, the distance to the geometry."""
        distances, _ = self.tree.query(np.asarray(observations, dtype=np.float64) / self.units, k=1)
        return np.asarray(distances[:, 0], dtype=np.float64)

    def holds(self, observations: NDArray[np.float32]) -> NDArray[np.bool_]:
        """``[T, obs]`` → ``[T]``, whether each step lies in the region."""
        inside = ((observations >= self.low) & (observations <= self.high)).all(axis=1)
        return np.asarray(inside & (self.distance(observations) > self.beyond), dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Bounds:
    """Steps of which some dimension lies below ``low`` or above ``high`` (each ``[obs]``).

    Raises:
        ConfigError: shapes differ, or a bound lies above the other.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.low.ndim != 1 or self.low.shape != self.high.shape or not (self.low <= self.high).all():
            raise ConfigError(f"bounds {self.low.tolist()} … {self.high.tolist()}", "as many of each, low ≤ high")

    @property
    def width(self) -> int:
        """Observation dimensions."""
        return len(self.low)

    @property
    def reach(self) -> NDArray[np.float64]:
        """``[obs]``: the range of each dimension; 1 where its bounds are equal."""
        return np.where(self.high > self.low, self.high - self.low, 1.0)

    def holds(self, observations: NDArray[np.float32]) -> NDArray[np.bool_]:
        """``[T, obs]`` → ``[T]``, whether each step lies in the region."""
        return np.asarray(((observations < self.low) | (observations > self.high)).any(axis=1), dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Velocity:
    """Steps of which some dimension differs from the step before by less than ``low`` or by more than ``high`` (each
    ``[obs]``, signed: a dimension that has to rise has a ``low`` above 0). A first step has no velocity, and is never
    one of them.

    Raises:
        ConfigError: shapes differ, or a limit lies above the other.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.low.ndim != 1 or self.low.shape != self.high.shape or not (self.low <= self.high).all():
            raise ConfigError(
                f"velocities between {self.low.tolist()} and {self.high.tolist()}", "as many of each, low ≤ high"
            )

    @property
    def width(self) -> int:
        """Observation dimensions."""
        return len(self.low)

    def holds(self, observations: NDArray[np.float32]) -> NDArray[np.bool_]:
        """``[T, obs]``, one trajectory → ``[T]``, whether each step lies in the region."""
        moved = np.diff(observations.astype(np.float64), axis=0)
        return np.concatenate([[False], ((moved < self.low) | (moved > self.high)).any(axis=1)])


Measured = Region | Bounds | Velocity
"""What can say of a step whether it lies in a region."""


def held(region: Measured, tables: Sequence[NDArray[np.float32]]) -> NDArray[np.bool_]:
    """Observations of several trajectories → whether each of their steps, one after the other, lies in the region."""
    if isinstance(region, Velocity):
        return np.concatenate([region.holds(table) for table in tables])
    return region.holds(np.concatenate(tables))
