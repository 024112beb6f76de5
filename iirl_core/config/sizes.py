"""Sizes that a mixture of autoencoders may be given: which ones are tried where the configuration leaves them open."""

from __future__ import annotations

from iirl_core.config.expertness import MixtureSection
from iirl_core.config.section import Section

EXPERTS = (1, 2, 4)
BOTTLENECKS = (1, 2, 4, 8, 16)


def is_open(section: Section) -> bool:
    """Whether it leaves a size to be chosen."""
    return isinstance(section, MixtureSection) and (section.experts is None or section.bottleneck is None)


def sizes_of(section: MixtureSection, width: int) -> list[tuple[int, int]]:
    """Experts and bottleneck, for rows of ``width`` dimensions: what ``section`` says, and where it says nothing each
    of a few. A bottleneck that nobody gave is narrower than the row, or everything would be reconstructed.
    """
    narrower = [size for size in BOTTLENECKS if size < max(width, 2)]
    experts = EXPERTS if section.experts is None else (section.experts,)
    bottlenecks = narrower if section.bottleneck is None else [section.bottleneck]
    return [(one, other) for one in experts for other in bottlenecks]


def with_size(section: MixtureSection, experts: int | None, bottleneck: int | None) -> MixtureSection:
    """As ``section``, and where that leaves a size open of this one."""
    return section.model_copy(
        update={"experts": section.experts or experts, "bottleneck": section.bottleneck or bottleneck}
    )
