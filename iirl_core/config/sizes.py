"""Sizes that a mixture of autoencoders may be given: which ones are tried where the configuration leaves them open."""

from __future__ import annotations

from iirl_core.config.expertness import MixtureSection
from iirl_core.config.section import Section
from iirl_core.errors import ConfigError

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


def check_size(section: Section, width: int) -> None:
    """Nothing to do where a mixture's bottleneck is narrower than its rows of ``width`` dimensions, or left open; of
    rows of one number it is 1.

    Raises:
        ConfigError: it is not, so that everything would be reconstructed.
    """
    if isinstance(section, MixtureSection) and section.bottleneck is not None and section.bottleneck >= max(width, 2):
        raise ConfigError(
            f"expertness.bottleneck {section.bottleneck} lets all {width} numbers of a row through",
            f"fewer than {width}",
            "Or leave it out, and training chooses",
        )


def with_size(section: MixtureSection, experts: int | None, bottleneck: int | None) -> MixtureSection:
    """As ``section``, and where that leaves a size open of this one."""
    return section.model_copy(
        update={"experts": section.experts or experts, "bottleneck": section.bottleneck or bottleneck}
    )
