"""Boundary: where the reward falls off, sought by bisection between a demonstration and a point outside.

On the way from the outside point in, the first place whose reward exceeds a random level is bracketed, and the bracket
is halved: islands of reward that lie farther out are met before the demonstrations' own basin. With norms' regions, a
place that lies in none is moved into one by the shortest way: what a repair left shows first along a region's edge.
"""

from __future__ import annotations

import numpy as np

from iirl_core.probe.material import Material
from iirl_core.probe.outside import drawn_outside, push_outside
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.trajectory.asking import ask, searched

STOPS = 13
HALVINGS = 7
LEVELS = (2e-3, 0.8)
"""Levels are drawn log-uniformly between these: norms' ceilings can be small."""


class Boundary:
    """See the module."""

    name = "boundary"
    kind: FamilyKind = "trajectory"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """The outermost points found above their level; fewer than ``count`` where lines met no reward but the
        demonstration's own, none where no line met any (a reward that is 0 everywhere, or 1).

        Raises:
            InputError: the material has no reward to search.
        """
        reward = searched(material, self.name)
        rng = np.random.default_rng(seed.entropy())
        inner = material.starts[rng.integers(len(material.starts), size=count)]
        outer = drawn_outside(rng, count, material)
        level = np.exp(rng.uniform(np.log(LEVELS[0]), np.log(LEVELS[1]), size=count))
        stops = np.linspace(1.0, 0.0, STOPS)
        line = outer[:, None] + (inner - outer)[:, None] * (1 - stops)[None, :, None]
        above = reward.rewards(line.reshape(-1, inner.shape[1])).reshape(count, STOPS) > level[:, None]
        first = above.argmax(axis=1)
        met = above.any(axis=1) & (first > 0)
        inner, outer, level, first = inner[met], outer[met], level[met], first[met]
        near, far = stops[first], stops[first - 1]
        if not len(inner):
            return []
        for _ in range(HALVINGS):
            middle = (near + far) / 2
            high_reward = reward.rewards(inner + (outer - inner) * middle[:, None]) > level
            near, far = np.where(high_reward, middle, near), np.where(high_reward, far, middle)
        points = inner + (outer - inner) * near[:, None]
        points = push_outside(points, material) if material.regions else points
        return ask(seed, points, material, [f"level {value:.2g}" for value in level])
