"""Uniform: points anywhere in the box. What it finds in a norm's region estimates the flawed share of its volume."""

from __future__ import annotations

import numpy as np

from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.trajectory.asking import ask


class Uniform:
    """See the module."""

    name = "uniform"
    kind: FamilyKind = "trajectory"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` independent uniform points of ``material.box``."""
        low, high = material.box
        points = np.random.default_rng(seed.entropy()).uniform(low, high, size=(count, len(low)))
        return ask(seed, points, material, "uniform in the box")
