"""A Cell of the technique × situation matrix: what one family asked in one situation, and how much of it was broken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from iirl_core.errors import InputError

TAIL = 0.025
"""Of a two-sided 95% interval."""


@dataclass(frozen=True, order=True)
class Cell:
    """``spoken`` questions of ``family``, each a probe about a norm that had something to say of it, whose first input
    lies in ``situation``; ``broken`` of them are verified findings, and ``uncovered`` of these inputs lie
    where no demonstration does (``probe/situations.py``).

    Raises:
        InputError: more broken or uncovered than spoken.
    """

    family: str
    situation: int
    spoken: int
    broken: int
    uncovered: int

    def __post_init__(self) -> None:
        if not 0 <= max(self.broken, self.uncovered) <= self.spoken:
            raise InputError(
                f"{self.family} in situation {self.situation}: {self.broken} broken, {self.uncovered} uncovered of "
                f"{self.spoken} spoken",
                "no more than a norm spoke of",
            )

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the flaw rate (Clopper & Pearson 1934); all of [0, 1] where no norm spoke."""
        low = float(betaincinv(self.broken, self.spoken - self.broken + 1, TAIL)) if self.broken else 0.0
        left = self.spoken - self.broken
        return low, float(betaincinv(self.broken + 1, left, 1 - TAIL)) if left else 1.0


def summed(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """One of each family and situation, in order."""
    counts: dict[tuple[str, int], NDArray[np.int64]] = {}
    for cell in cells:
        key = (cell.family, cell.situation)
        counts[key] = counts.get(key, np.zeros(3, np.int64)) + np.array([cell.spoken, cell.broken, cell.uncovered])
    return tuple(Cell(*key, *counts[key].tolist()) for key in sorted(counts))
