"""What heads are where the configuration leaves them open: what a stock classifier has room for."""

from __future__ import annotations

from iirl_core.config.config import Config
from iirl_core.config.expertness import BradleyTerrySection, DiscriminatorSection, HeadSection

LEAST_UNITS = 16
"""What members share of a narrow z would be too few."""


def headed(config: Config) -> Config:
    """``config``, and where it leaves the units of heads over the last token of a text open, none: a line is all that
    stock classifiers of decoders have. Of ``joint`` they hold nothing: its signal has a constant, which theirs has not.
    """
    section, encoder = config.expertness, config.encoder
    if not isinstance(section, DiscriminatorSection | BradleyTerrySection) or section.hidden is not None:
        return config
    if encoder.kind != "text" or encoder.pooling != "last":
        return config
    return config.model_copy(update={"expertness": section.model_copy(update={"hidden": 0})})


def units_of(section: HeadSection, width: int) -> int:
    """Units of each member's network over rows of ``width`` dimensions: ``hidden``, or so many that those of all
    members fit the head of a stock classifier, which has ``width``; but no fewer than 16, or the width where that is
    less.
    """
    if section.hidden is not None:
        return section.hidden
    return max(width // section.members, min(width, LEAST_UNITS))
