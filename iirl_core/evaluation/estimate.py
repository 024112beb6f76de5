"""An Estimate: one figure with its 95% confidence interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

from iirl_core.errors import InputError


@dataclass(frozen=True)
class Estimate:
    """``value`` with ``low ≤ value ≤ high``; ``name`` is SUITE/FIGURE. ``count`` records went into it, in ``clusters``
    that were resampled whole (a prompt's answers, a trajectory's steps).

    Raises:
        InputError: a number is not finite, or the interval does not hold the value.
    """

    name: str
    value: float
    low: float
    high: float
    count: int
    clusters: int

    def __post_init__(self) -> None:
        if not all(math.isfinite(number) for number in (self.value, self.low, self.high)):
            raise InputError(f"{self.name} is {self.value} in [{self.low}, {self.high}]", "finite numbers")
        if not self.low <= self.value <= self.high:
            raise InputError(
                f"{self.name} is {self.value} outside [{self.low}, {self.high}]", "a value in its interval"
            )

    @property
    def suite(self) -> str:
        """The suite that found it."""
        return self.name.partition("/")[0]

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"
