"""What each family of expertness adds: parameters, and what a row leaves behind for the backward pass."""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.config.expertness import (
    HeadSection,
    JointSection,
    LogRatioSection,
    MixtureSection,
    OccupancySection,
)
from iirl_core.config.heads import units_of
from iirl_core.config.section import Section
from iirl_core.config.sizes import sizes_of


@dataclass(frozen=True)
class Head:
    """``parameters``, and ``activations``: about how many numbers one row keeps until its backward pass."""

    parameters: int
    activations: int


def head_of(section: Section, width: int) -> Head | None:
    """Of a family over rows of ``width`` dimensions, the largest that it may become where training chooses its size;
    None where the family's size is not known here.
    """
    if isinstance(section, MixtureSection):
        heads = [mixture_head(section, width, *size) for size in sizes_of(section, width)]
        return max(heads, key=lambda head: head.parameters)
    if isinstance(section, HeadSection):
        hidden = units_of(section, width)
        each = width * hidden + 2 * hidden + 1 if hidden else width
        parameters, activations = section.members * each, width + section.members * (hidden + 2)
        if isinstance(section, JointSection):
            parameters += section.members * 3 * section.steps
            activations += section.members * 6 * section.steps
        return Head(parameters, activations)
    if isinstance(section, OccupancySection | LogRatioSection):
        return Head(0, 0)  # means, learnt in one pass, or nothing to learn: no step, no gradient
    return None


def mixture_head(section: MixtureSection, width: int, experts: int, bottleneck: int) -> Head:
    """Of this size, whatever ``section`` says of it."""
    gate = section.members * (width + 1) * experts
    hidden = section.hidden
    halves = 2 * width * hidden + 2 * hidden * bottleneck + 2 * hidden + bottleneck + width
    kept = 2 * hidden + bottleneck + 2 * width
    return Head(
        gate + section.members * experts * halves,
        width + section.members * (experts * (kept + 3) + width),
    )
