"""A Cell of the technique × situation matrix: what one family asked in one situation, and how much of it was broken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scipy.special import betaincinv

from iirl_core.canonical import JsonValue
from iirl_core.errors import InputError

TAIL = 0.025
"""Of a two-sided 95% interval."""
STEPS = 4096
"""Disagreement is counted in steps of 1/4096, of which sums are exact, whatever is added first."""


@dataclass(frozen=True, order=True)
class Cell:
    """``spoken`` questions of ``family``, each a probe about a norm that had something to say of it, whose first input
    lies in ``situation``; ``broken`` of them are verified findings, and ``uncovered`` of these inputs lie
    where no demonstration does (``probe/situations.py``). ``disagreement`` is the ensemble's, summed
    over the questions (0 in audits that did not count it).

    Raises:
        InputError: more broken, uncovered or disagreement than spoken.
    """

    family: str
    situation: int
    spoken: int
    broken: int
    uncovered: int
    disagreement: float = 0.0

    def __post_init__(self) -> None:
        counts = (self.broken, self.uncovered, self.disagreement)
        if min(counts) < 0 or max(counts) > self.spoken:
            raise InputError(
                f"{self.family} in situation {self.situation}: {self.broken} broken, {self.uncovered} uncovered, "
                f"disagreement {self.disagreement:g} of {self.spoken} spoken",
                "no more than a norm spoke of",
            )

    @property
    def mean_disagreement(self) -> float:
        """Of the ensemble about a question, on average, in [0, 1]; 0 where no norm spoke."""
        return self.disagreement / self.spoken if self.spoken else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the flaw rate (Clopper & Pearson 1934); all of [0, 1] where no norm spoke."""
        low = float(betaincinv(self.broken, self.spoken - self.broken + 1, TAIL)) if self.broken else 0.0
        left = self.spoken - self.broken
        return low, float(betaincinv(self.broken + 1, left, 1 - TAIL)) if left else 1.0


def summed(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """One of each family and situation, in order."""
    counts: dict[tuple[str, int], tuple[int, int, int, float]] = {}
    for one in cells:
        spoken, broken, uncovered, disagreement = counts.get((one.family, one.situation), (0, 0, 0, 0.0))
        told = (spoken + one.spoken, broken + one.broken, uncovered + one.uncovered)
        counts[one.family, one.situation] = (*told, disagreement + one.disagreement)
    return tuple(Cell(family, situation, *totals) for (family, situation), totals in sorted(counts.items()))


def cell_document(cell: Cell) -> list[JsonValue]:
    """As JSON."""
    return [cell.family, cell.situation, cell.spoken, cell.broken, cell.uncovered, cell.disagreement]


def cell_from(document: Sequence[JsonValue]) -> Cell:
    """The inverse of ``cell_document``; the last entry may be missing.

    Raises:
        ValueError, TypeError: an entry is missing, or of another type.
    """
    family, *counts = document[:5]
    situation, spoken, broken, uncovered = (int(str(one)) for one in counts)
    return Cell(str(family), situation, spoken, broken, uncovered, *(float(str(one)) for one in document[5:]))


def exact(disagreement: float) -> float:
    """The nearest whole step."""
    return round(disagreement * STEPS) / STEPS
