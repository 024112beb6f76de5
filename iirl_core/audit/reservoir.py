"""A bounded, uniform sample of the points that an audit asked about, the same in whatever order chunks arrive.

Bottom-k sampling (Cohen & Kaplan 2007): every point draws a key from its chunk's seed, and the k smallest keys stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Reservoir:
    """``points [K, W]`` float32 with ``keys [K]`` float64 in [0, 1), in the order of their keys."""

    points: NDArray[np.float32]
    keys: NDArray[np.float64]

    @classmethod
    def draw(cls, points: NDArray[np.float32], entropy: Sequence[int], size: int) -> Reservoir:
        """At most ``size`` of ``points [N, W]``; ``entropy`` names the chunk that they come from."""
        keys = np.random.default_rng([*entropy, len(points)]).random(len(points))
        return cls(points, keys).first(size)

    def first(self, size: int) -> Reservoir:
        """The ``size`` points with the smallest keys; equal keys are settled by the points themselves."""
        order = np.lexsort((*self.points.T[::-1], self.keys))[:size]
        return Reservoir(self.points[order], self.keys[order])

    @staticmethod
    def merge(parts: Sequence[Reservoir], size: int) -> Reservoir:
        """The reservoir of all parts together; associative, and the order of ``parts`` changes nothing."""
        points = np.concatenate([part.points for part in parts])
        return Reservoir(points, np.concatenate([part.keys for part in parts])).first(size)
