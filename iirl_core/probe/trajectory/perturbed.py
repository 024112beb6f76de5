"""Perturbed: steps of demonstrations under Gaussian noise of several sizes."""

from __future__ import annotations

import numpy as np

from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.trajectory.asking import ask

SIGMAS = np.array([0.1, 0.2, 0.4, 0.8])
"""Noise in units of the demonstrations' deviation in each dimension."""


class Perturbed:
    """See the module."""

    name = "perturbed"
    kind: FamilyKind = "trajectory"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` noisy steps, kept inside the box."""
        rng = np.random.default_rng(seed.entropy())
        start = material.starts[rng.integers(len(material.starts), size=count)]
        sigma = rng.choice(SIGMAS, size=count)
        noise = rng.normal(size=start.shape) * material.scale * sigma[:, None]
        points = np.clip(start + noise, *material.box)
        return ask(seed, points, material, [f"σ = {value:g}" for value in sigma])
