"""Regions that begin where demonstrations end: measured on them when an audit begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from iirl_core.demonstration import Trajectory
from iirl_core.errors import ConfigError
from iirl_core.norm.region import Bounds, Measured, Region, Velocity

BOX = 3.0
"""The box of a region around demonstrations reaches this many times ``beyond`` past theirs."""


@dataclass(frozen=True)
class Observed:
    """Until it is measured: steps farther than ``margin`` (deviations of the demonstrations per √dimension) from every
    demonstrated step (``distance``); of which a dimension lies outside the demonstrated bounds by more than ``margin``
    of their range (``bounds``); of which a dimension moves outside the demonstrated range of moves by more than
    ``margin`` of the largest (``velocity``).

    Raises:
        ConfigError: the margin is negative, or 0 for a distance.
    """

    kind: Literal["distance", "bounds", "velocity"]
    margin: float

    def __post_init__(self) -> None:
        if self.margin < 0 or (self.kind == "distance" and self.margin == 0):
            raise ConfigError(f"a region of {self.kind} with margin {self.margin:g}", "a number above 0")

    def measured(self, trajectories: Sequence[Trajectory]) -> Measured:
        """On these demonstrations, at least one. A dimension that never varies counts as if it varied by 1."""
        tables = [one.observations.astype(np.float64) for one in trajectories]
        steps = np.concatenate(tables)
        low, high = steps.min(axis=0), steps.max(axis=0)
        match self.kind:
            case "distance":
                deviation = steps.std(axis=0)
                unit = np.where(deviation > 0, deviation, 1.0) * np.sqrt(len(low))
                room = BOX * self.margin * unit
                return Region(steps, self.margin, low - room, high + room, unit)
            case "bounds":
                reach = self.margin * np.where(high > low, high - low, 1.0)
                return Bounds(low - reach, high + reach)
            case "velocity":
                still = np.zeros((1, len(low)))
                moved = np.concatenate([still, *(np.diff(table, axis=0) for table in tables)])
                room = self.margin * np.abs(moved).max(axis=0)
                moved = moved[1:] if len(moved) > 1 else still
                return Velocity(moved.min(axis=0) - room, moved.max(axis=0) + room)
