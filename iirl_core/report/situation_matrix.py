"""The technique × situation matrix as the page shows it: what each family found in each kind of input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from iirl_core.audit.cell import Cell
from iirl_core.audit.example import Example
from iirl_core.probe.situations import UNKNOWN
from iirl_core.report.numerals import count

SHADES = 4
"""Steps of shading, from no finding to every answer broken."""
HALF = 0.5


@dataclass(frozen=True)
class SituationColumn:
    """One kind of input, known by an ``example`` of it; ``title`` is its number for readers, from 1."""

    title: str
    example: str


@dataclass(frozen=True)
class SituationCell:
    """What one family found there: counts and the interval of its flaw rate as text ("" where no norm spoke), and a
    shade from 0, nothing found, to ``SHADES``.
    """

    counts: str
    interval: str
    shade: int


@dataclass(frozen=True)
class SituationMatrix:
    """``rows`` are families with a cell a column, in the columns' order."""

    columns: tuple[SituationColumn, ...]
    rows: tuple[tuple[str, tuple[SituationCell, ...]], ...]


def situation_matrix(cells: Sequence[Cell], examples: Sequence[Example]) -> SituationMatrix:
    """Every family by every situation in which anything was asked."""
    told = {example.situation: example.text for example in examples}
    numbers = sorted({cell.situation for cell in cells})
    found = {(cell.family, cell.situation): cell for cell in cells}
    families = sorted({cell.family for cell in cells})
    columns = tuple(_column(number, told.get(number, "")) for number in numbers)
    return SituationMatrix(
        columns, tuple((family, tuple(_shown(found.get((family, n))) for n in numbers)) for family in families)
    )


def _column(number: int, example: str) -> SituationColumn:
    if number == UNKNOWN:
        return SituationColumn("none", "what is not numbers to the artifact lies nowhere")
    return SituationColumn(str(number + 1), example)


def _shown(cell: Cell | None) -> SituationCell:
    if cell is None or cell.spoken == 0:
        return SituationCell("", "", 0)
    low, high = cell.interval
    shade = min(SHADES, 1 + int(SHADES * cell.broken / cell.spoken)) if cell.broken else 0
    counts = f"{count(cell.broken)} of {count(cell.spoken)}"
    return SituationCell(counts, f"{low:.0%} to {high:.0%}", shade)


def uncovered(cells: Sequence[Cell], examples: Sequence[Example]) -> list[str]:
    """A sentence for every situation in which most of what was asked lies where no demonstration does; not for what
    lies nowhere.
    """
    told = {example.situation: example.text for example in examples}
    spoken, away = Counter[int](), Counter[int]()
    for cell in cells:
        spoken[cell.situation] += cell.spoken
        away[cell.situation] += cell.uncovered
    return [
        f"In situation {number + 1} ({told.get(number, 'no example')}) no demonstration lies near "
        f"{count(away[number])} of {count(spoken[number])} questions: what is right there was never shown."
        for number in sorted(spoken)
        if number != UNKNOWN and away[number] > HALF * spoken[number]
    ]
