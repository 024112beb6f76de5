"""Observed: what a deployed reward was unsure of, or a trainer reported, as it was. Deployment turns the wheel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.taking_turns import turns


class Observed:
    """See the module. One input each; its note says why it was observed."""

    name = "observed"
    kind: FamilyKind = "any"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` of them, each as often as any other but at most once a chunk; none where nothing was observed."""
        held = material.observed
        chosen = turns(np.random.default_rng(seed.entropy()), len(held), min(count, len(held))) if held else []
        return [replace(held[place], label=seed.label(index)) for index, place in enumerate(chosen)]
