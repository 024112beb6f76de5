"""What a probe family is: a seed, a number and the material → probes. Pure, so that anybody can make them again.

The red team's families know the demonstrations and may ask the model for rewards; no family ever sees the data on
which a repair is judged.
"""

from __future__ import annotations

from typing import Literal, Protocol

from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe

FamilyKind = Literal["conversation", "trajectory", "any"]


class ProbeFamily(Protocol):
    """One way of asking. Stateless: one instance, at the literal registry ``iirl_core.probe.FAMILIES``."""

    @property
    def name(self) -> str:
        """As ``audit.probes`` and ``norms[].families`` call it."""
        ...

    @property
    def kind(self) -> FamilyKind:
        """Which inputs it makes."""
        ...

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """At most ``count`` probes of the chunk ``seed``; the same for the same arguments, on any machine. Fewer where
        the material gives no more (no probe corpus, a search that found nothing).

        Raises:
            InputError: the material is of the other kind, or lacks what the family searches with.
        """
        ...
