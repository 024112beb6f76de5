"""Ascent: an optimiser that climbs the reward while it is kept outside. What a policy trainer would do to the reward.

Projected gradient ascent on log reward (Madry et al. 2018, arXiv 1706.06083, with normalised steps that shrink), from
random starts; where the slope is zero (a clipped plateau) it walks at random. Several points of each climb are asked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iirl_core.probe.material import Material
from iirl_core.probe.outside import drawn_outside, push_outside
from iirl_core.probe.point_reward import PointReward
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.trajectory.asking import ask, searched

STEPS = 20
ASKED_AFTER = (5, 9, 13, 17, 20)
FIRST_STEP = 0.2
"""In deviations of the demonstrations."""
SHRINK = 0.88


class Ascent:
    """See the module."""

    name = "ascent"
    kind: FamilyKind = "trajectory"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` points on climbs from ``count / 5`` random starts.

        Raises:
            InputError: the material has no reward to search.
        """
        reward = searched(material, self.name)
        rng = np.random.default_rng(seed.entropy())
        starts = -(-count // len(ASKED_AFTER))
        points = drawn_outside(rng, starts, material)
        asked: list[NDArray[np.float64]] = []
        notes: list[str] = []
        for step in range(1, STEPS + 1):
            length = FIRST_STEP * SHRINK ** (step - 1)
            points = push_outside(points + length * _directions(points, reward, material, rng), material)
            if step in ASKED_AFTER:
                asked.append(points)
                notes += [f"after {step} steps"] * starts
        return ask(seed, np.concatenate(asked)[:count], material, notes[:count])


def _directions(
    points: NDArray[np.float64], reward: PointReward, material: Material, rng: np.random.Generator
) -> NDArray[np.float64]:
    """``[N, P]``: one deviation long, uphill; random where it is flat."""
    slope = reward.slopes(points) * material.scale
    steepness = np.linalg.norm(slope, axis=1, keepdims=True)
    wander = rng.normal(size=points.shape)
    wander /= np.linalg.norm(wander, axis=1, keepdims=True)
    uphill = np.where(steepness > 1e-9, slope / np.maximum(steepness, 1e-9), wander)
    return uphill * material.scale
