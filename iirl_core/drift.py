"""Drift: does what deployment asks lie farther from the demonstrations than held-out demonstrations do?

A window of requests is set beside the guard set by the one-sided Kolmogorov–Smirnov test on support distances: its
statistic is D⁺ = max_d (F_guard(d) − F_window(d)), and where both are samples of one distribution,

    P(D⁺ > t) ≲ exp(−2·t²·n·m / (n + m)),   n requests, m rows of the guard set   (Smirnov 1939)

Somebody who watches for ever sees everything once. So window k = 1, 2, … may spend level/(k·(k + 1)) of the level,
which sums to the level over all windows: the chance that a replica whose requests never drift is said, at any time
since its start, to have seen them do so. Every replica, and every start of one, has a level of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iirl_core.errors import InputError

LEAST = 0.1
"""The least statistic that is called drift: a large sample sees what does not matter, and rows of few guard episodes
are not as independent as the test takes them to be."""


@dataclass(frozen=True)
class Drift:
    """``statistic`` D⁺ in [0, 1]; ``chance``, the bound on how likely so large a one is without drift; ``level``, the
    chance that this window may spend.
    """

    statistic: float
    chance: float
    level: float

    @property
    def found(self) -> bool:
        """Whether the window drifted."""
        return self.statistic >= LEAST and self.chance <= self.level


def drift_of(window: NDArray[np.float64], guard: NDArray[np.float64], number: int, level: float) -> Drift:
    """Set the support distances ``window [N]`` of requests beside those of the ``guard [M]``; ``number`` ≥ 1 says which
    window since its replica began it is, ``level`` in (0, 1) what all of its windows may spend.

    Raises:
        InputError: a sample is empty, or the window or the level is none.
    """
    if not len(window) or not len(guard) or number < 1 or not 0 < level < 1:
        raise InputError(
            f"window {number} of {len(window)} requests beside {len(guard)} rows at level {level}",
            "some of both, windows from 1 on, a level between 0 and 1",
        )
    places = np.concatenate([window, guard])
    statistic = float(np.max(_share(guard, places) - _share(window, places)))
    size = len(window) * len(guard) / (len(window) + len(guard))
    return Drift(max(statistic, 0.0), math.exp(-2 * max(statistic, 0.0) ** 2 * size), level / (number * (number + 1)))


def _share(sample: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The empirical distribution function of ``sample`` at ``places``."""
    return np.searchsorted(np.sort(sample), places, side="right") / len(sample)
