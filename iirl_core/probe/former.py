"""Former: every former finding, asked again. A repair that does not last is found here."""

from __future__ import annotations

from dataclasses import replace

from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind


class Former:
    """See the module. Its probes keep the label under which they were first asked, and the norm they broke."""

    name = "former"
    kind: FamilyKind = "any"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """Number ``chunk·count`` to ``(chunk + 1)·count`` of ``material.former``: ask every chunk with the same
        ``count``.
        """
        start = seed.chunk * count
        return [replace(probe, family=self.name) for probe in material.former[start : start + count]]
