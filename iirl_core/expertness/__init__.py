"""Families of expertness S_θ: z → signal, higher is more expert-like. One family, one file."""

from __future__ import annotations

from collections.abc import Callable

from iirl_core.config.learning import DiscriminatorSection, JointSection, MixtureSection
from iirl_core.expertness.autoencoder_mixture import AutoencoderMixture
from iirl_core.expertness.discriminator import Discriminator
from iirl_core.expertness.joint import Joint
from iirl_core.expertness.protocol import Batch as Batch
from iirl_core.expertness.protocol import Expertness as Expertness
from iirl_core.expertness.protocol import Latents as Latents

ExpertnessSection = MixtureSection | DiscriminatorSection | JointSection


def _mixture(section: MixtureSection, width: int) -> Expertness:
    return AutoencoderMixture(width, section.experts, section.bottleneck, section.hidden, section.members)


def _discriminator(section: DiscriminatorSection, width: int) -> Expertness:
    return Discriminator(width, section.hidden or width, section.members)


def _joint(section: JointSection, width: int) -> Expertness:
    return Joint(
        width,
        section.hidden or width,
        section.members,
        steps=section.steps,
        beta=section.beta,
        saturation=section.saturation,
    )


FAMILIES: dict[type[ExpertnessSection], Callable[..., Expertness]] = {
    MixtureSection: _mixture,
    DiscriminatorSection: _discriminator,
    JointSection: _joint,
}


def build_expertness(section: ExpertnessSection, width: int) -> Expertness:
    """A fresh module for rows of ``width`` dimensions; deterministic given torch's seed."""
    return FAMILIES[type(section)](section, width)
