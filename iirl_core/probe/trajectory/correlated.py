"""Correlated: many dimensions move together, along the directions in which demonstrations themselves vary.

Far out along a principal direction every dimension can still look plausible beside the others; across one, the habits
that tie dimensions together are broken although each stays within its own range.
"""

from __future__ import annotations

import numpy as np

from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.trajectory.asking import ask

REACH = (2.0, 3.0, 5.0, 8.0)
"""Along a direction: deviations of the demonstrations along it."""
ACROSS = (1.0, 2.0, 3.0)
"""Of a group of dimensions that moves as one: deviations of each dimension."""


class Correlated:
    """See the module. Half along principal directions, half groups of dimensions."""

    name = "correlated"
    kind: FamilyKind = "trajectory"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` points."""
        rng = np.random.default_rng(seed.entropy())
        scaled = material.points / material.scale
        centre = scaled.mean(axis=0)
        _, spread, directions = np.linalg.svd(scaled - centre, full_matrices=False)
        deviation = spread / np.sqrt(len(scaled))
        points = scaled[rng.integers(len(scaled), size=count)].copy()
        notes = []
        for number, point in enumerate(points):
            sign = 1.0 if rng.random() < 0.5 else -1.0
            if number % 2 == 0:
                index, reach = int(rng.integers(len(directions))), REACH[int(rng.integers(len(REACH)))]
                along = (point - centre) @ directions[index]
                points[number] += (sign * reach * max(deviation[index], 1e-6) - along) * directions[index]
                notes.append(f"direction {index + 1}, {reach:g} deviations")
            else:
                group = rng.permutation(len(point))[: max(1, len(point) // 2)]
                reach = ACROSS[int(rng.integers(len(ACROSS)))]
                points[number, group] += sign * reach
                notes.append(f"{len(group)} dimensions together, {reach:g} deviations")
        return ask(seed, points * material.scale, material, notes)
