"""Norms as they are written → norms as an audit asks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from iirl_core.demonstration import Input, Trajectory
from iirl_core.errors import ConfigError
from iirl_core.norm.norm import Norm
from iirl_core.norm.observed import Observed


def measured_on(norms: Sequence[Norm], demonstrations: Sequence[Input]) -> tuple[Norm, ...]:
    """The norms, with every observed region measured on ``demonstrations``.

    Raises:
        ConfigError: a norm has one, and the demonstrations are no trajectories.
    """
    shown = [item for item in demonstrations if isinstance(item, Trajectory)]
    found = []
    for norm in norms:
        region = norm.region
        if isinstance(region, Observed) and not shown:
            raise ConfigError(f"norm {norm.id!r} has a region around demonstrations", "trajectories to measure it on")
        found.append(replace(norm, region=region.measured(shown)) if isinstance(region, Observed) else norm)
    return tuple(found)
