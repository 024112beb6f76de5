"""Far: steps of demonstrations thrown in a random direction until no demonstration is near.

Distances are in units of the demonstrations' deviation, per √dimension: 1 is as far in any number of dimensions.
"""

from __future__ import annotations

import numpy as np

from iirl_core.probe.material import Material
from iirl_core.probe.outside import push_away
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.trajectory.asking import ask

DISTANCES = np.array([0.75, 1.0, 1.5, 2.5])


class Far:
    """See the module."""

    name = "far"
    kind: FamilyKind = "trajectory"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` points at least their noted distance from every demonstration of the material."""
        rng = np.random.default_rng(seed.entropy())
        start = material.starts[rng.integers(len(material.starts), size=count)]
        distance = rng.choice(DISTANCES, size=count)
        direction = rng.normal(size=start.shape)
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        reach = distance * np.sqrt(start.shape[1])
        points = push_away(start + direction * reach[:, None] * material.scale, reach, material)
        return ask(seed, points, material, [f"distance {value:g}" for value in distance])
