"""Evolution: a search that needs no slope. It climbs where gradients are flat, clipped or misleading.

Evolution strategies with recombination, (μ/μ, λ) with a step size that shrinks (Beyer & Schwefel 2002), kept outside as
``ascent`` is; the best of every fourth generation are asked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iirl_core.probe.material import Material
from iirl_core.probe.outside import drawn_outside, push_outside
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.trajectory.asking import ask, searched

GENERATIONS = 16
ASKED_EVERY = 4
CHILDREN, PARENTS = 12, 3
FIRST_STEP, SHRINK = 0.5, 0.85
"""In deviations of the demonstrations; per generation."""


class Evolution:
    """See the module."""

    name = "evolution"
    kind: FamilyKind = "trajectory"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` points of ``count / 4`` searches, each from a random start.

        Raises:
            InputError: the material has no reward to search.
        """
        reward = searched(material, self.name)
        rng = np.random.default_rng(seed.entropy())
        searches = -(-count // (GENERATIONS // ASKED_EVERY))
        centres = drawn_outside(rng, searches, material)
        width = centres.shape[1]
        asked: list[NDArray[np.float64]] = []
        notes: list[str] = []
        for generation in range(1, GENERATIONS + 1):
            step = FIRST_STEP * SHRINK ** (generation - 1) * material.scale
            children = centres[:, None] + rng.normal(size=(searches, CHILDREN, width)) * step
            children = push_outside(children.reshape(-1, width), material)
            rewards = reward.rewards(children).reshape(searches, CHILDREN)
            best = np.argsort(-rewards, axis=1, kind="stable")[:, :PARENTS]
            family = children.reshape(searches, CHILDREN, -1)
            chosen = np.take_along_axis(family, best[:, :, None], axis=1)
            centres = push_outside(chosen.mean(axis=1), material)
            if generation % ASKED_EVERY == 0:
                asked.append(chosen[:, 0])
                notes += [f"generation {generation}"] * searches
        return ask(seed, np.concatenate(asked)[:count], material, notes[:count])
