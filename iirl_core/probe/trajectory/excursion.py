"""Excursion: a demonstrated step, of which a few dimensions leave what was ever observed.

What a policy finds that turns one knob too far: every other dimension stays as demonstrated, so that whatever averages
over dimensions hardly notices.
"""

from __future__ import annotations

import numpy as np

from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.trajectory.asking import ask

BEYOND = (0.1, 0.25, 0.5, 1.0, 2.0)
"""How far past the observed bound, in observed ranges of the dimension."""


class Excursion:
    """See the module. One dimension in half of the probes, else two or more, up to half of them."""

    name = "excursion"
    kind: FamilyKind = "trajectory"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` points."""
        rng = np.random.default_rng(seed.entropy())
        low, high = material.points.min(axis=0), material.points.max(axis=0)
        reach = np.where(high > low, high - low, material.scale)
        points = material.starts[rng.integers(len(material.starts), size=count)].copy()
        width, notes = points.shape[1], []
        for number, point in enumerate(points):
            several = number % 2 == 1 and width > 1
            moved = rng.permutation(width)[: int(rng.integers(2, max(2, width // 2) + 1)) if several else 1]
            beyond = BEYOND[int(rng.integers(len(BEYOND)))]
            up = rng.random(len(moved)) < 0.5
            point[moved] = np.where(up, (high + beyond * reach)[moved], (low - beyond * reach)[moved])
            notes.append(f"{len(moved)} of {width} dimensions, {beyond:g} ranges")
        return ask(seed, points, material, notes)
