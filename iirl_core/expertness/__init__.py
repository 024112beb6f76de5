"""Families of expertness S_θ: z → signal, higher is more expert-like. One family, one file."""

from __future__ import annotations

from collections.abc import Callable

from iirl_core.config.expertness import (
    BradleyTerrySection,
    DiscriminatorSection,
    EnsembleSection,
    JointSection,
    LogRatioSection,
    MixtureSection,
    OccupancySection,
)
from iirl_core.config.heads import units_of
from iirl_core.errors import ConfigError
from iirl_core.expertness.autoencoder_mixture import AutoencoderMixture
from iirl_core.expertness.batch import Batch as Batch
from iirl_core.expertness.bradley_terry import BradleyTerry
from iirl_core.expertness.discriminator import Discriminator
from iirl_core.expertness.episodes import Episodes as Episodes
from iirl_core.expertness.joint import Joint
from iirl_core.expertness.log_ratio import LogRatio
from iirl_core.expertness.occupancy import Occupancy
from iirl_core.expertness.protocol import Expertness as Expertness
from iirl_core.expertness.protocol import Latents as Latents
from iirl_core.expertness.protocol import LearntInOnePass as LearntInOnePass
from iirl_core.expertness.strength import strengths as strengths

ExpertnessSection = (
    MixtureSection | DiscriminatorSection | JointSection | BradleyTerrySection | OccupancySection | LogRatioSection
)


def _mixture(section: MixtureSection, width: int) -> Expertness:
    if section.experts is None or section.bottleneck is None:
        raise ConfigError("a mixture whose size was not chosen", "expertness.experts and expertness.bottleneck")
    return AutoencoderMixture(width, section.experts, section.bottleneck, section.hidden, section.members)


def _discriminator(section: DiscriminatorSection, width: int) -> Expertness:
    return Discriminator(width, units_of(section, width), section.members)


def _joint(section: JointSection, width: int) -> Expertness:
    return Joint(
        width,
        units_of(section, width),
        section.members,
        steps=section.steps,
        beta=section.beta if isinstance(section.beta, float) else None,
        saturation=section.saturation,
    )


def _bradley_terry(section: BradleyTerrySection, width: int) -> Expertness:
    return BradleyTerry(
        width,
        units_of(section, width),
        section.members,
        margin=section.margin,
        smoothing=section.label_smoothing,
        centring=section.centring,
    )


def _occupancy(section: OccupancySection, width: int) -> Expertness:
    return Occupancy(width, section.features, section.widths)


def _log_ratio(section: LogRatioSection, width: int) -> Expertness:  # noqa: ARG001 - the models are the encoder's
    return LogRatio(section.length_debias)


FAMILIES: dict[type[ExpertnessSection], Callable[..., Expertness]] = {
    MixtureSection: _mixture,
    DiscriminatorSection: _discriminator,
    JointSection: _joint,
    BradleyTerrySection: _bradley_terry,
    OccupancySection: _occupancy,
    LogRatioSection: _log_ratio,
}


def build_expertness(section: ExpertnessSection, width: int) -> Expertness:
    """A fresh module for rows of ``width`` dimensions; deterministic given torch's seed.

    Raises:
        ConfigError: a mixture's size is still open.
    """
    module = FAMILIES[type(section)](section, width)
    if isinstance(section, EnsembleSection):
        module.length_debias, module.combine = section.length_debias, section.combine
    return module
