"""Observed: what a deployed reward was unsure of, or a trainer reported, as it was. Deployment turns the wheel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind


class Observed:
    """See the module. One input each; its note says why it was observed."""

    name = "observed"
    kind: FamilyKind = "any"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """Number ``chunk·count`` to ``(chunk + 1)·count`` of what was observed, in an order that the round's seed
        draws: ask every chunk with the same ``count``, and each is asked once.
        """
        rng = np.random.default_rng(replace(seed, chunk=0).entropy())
        mine = rng.permutation(len(material.observed))[seed.chunk * count : (seed.chunk + 1) * count]
        return [replace(material.observed[place], label=seed.label(index)) for index, place in enumerate(mine)]
