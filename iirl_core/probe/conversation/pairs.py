"""Pairs: the comparisons of norms' own files, as they were given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.taking_turns import turns


class Pairs:
    """See the module. Pairs: the chosen answer and the rejected one, each asked about its own norm alone."""

    name = "pairs"
    kind: FamilyKind = "conversation"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` comparisons, each as often as any other; none where no norm has any."""
        if not material.pairs:
            return []
        chosen = turns(np.random.default_rng(seed.entropy()), len(material.pairs), count)
        return [replace(material.pairs[place], label=seed.label(index)) for index, place in enumerate(chosen)]
