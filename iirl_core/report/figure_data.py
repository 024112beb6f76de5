"""What pages show of rewards in numbers: groups of them, and figures with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RewardGroup:
    """Rewards ``[N]`` of one group of inputs under the root artifact (``before``) and this one (``after``)."""

    name: str
    role: Literal["demonstrations", "contrast"]
    before: NDArray[np.floating]
    after: NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Distribution:
    """Rewards ``[N]`` of one group of inputs; ``good`` if they should be high."""

    name: str
    good: bool
    rewards: NDArray[np.floating]


@dataclass(frozen=True)
class Baseline:
    """The same figure for something simpler, with its 95% interval where there is one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class EvaluationFigure:
    """One figure over ``count`` frozen inputs, with its 95% interval ``[low, high]``; ``note`` says what it is."""

    name: str
    value: float
    low: float | None
    high: float | None
    count: int
    higher_is_better: bool
    note: str
    baselines: tuple[Baseline, ...] = ()
