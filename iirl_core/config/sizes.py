"""Sizes that a mixture of autoencoders may be given: which ones are tried where the configuration leaves them open,
and on how much.
"""

from __future__ import annotations

from iirl_core.config.expertness import MixtureSection
from iirl_core.config.section import Section
from iirl_core.errors import ConfigError

EXPERTS = (1, 2, 4)
BOTTLENECKS = (1, 2, 4, 8, 16)
STEPS, BATCH = 400, 256
"""How briefly each size is trained."""
FITTED_ROWS = 8_192
"""Rows that each is fitted to: as many as its few steps read."""
ASKED_ROWS = 1_024
"""Held-out rows that each is asked about: a standard error is then about 3% of the error."""
FOLDS = 4
"""Parts of a row's numbers, each predicted from the others."""
PREDICTIONS = 20
"""How often held-out numbers are replaced by their reconstruction."""


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
