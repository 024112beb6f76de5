"""Steering: where the blue team sends probes, by what was found so far.

A bandit over families × situations. Each is an arm whose flaw rate is believed to be Beta(1 + broken, 1 + unbroken);
each chunk goes to the arm with the highest rate drawn from these beliefs (Thompson 1933; Chapelle & Li 2011), so that
it goes where findings cluster, and where little was asked and the belief is wide. A drawn rate counts for up to twice
as much where no demonstration covers what was asked: that is where optimisers go; and for up to twice as much again
where the ensemble disagrees: there nobody knows what is right. Pure: the seed decides every draw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iirl_core.audit.cell import Cell, summed
from iirl_core.canonical import JsonValue

DECIMALS = 4


@dataclass(frozen=True, order=True)
class Choice:
    """``count`` probes of ``family`` about demonstrations of ``situation``, in ``wave`` (from 1), when ``broken`` of
    the ``spoken`` questions before it were findings, and the ensemble's mean ``disagreement`` about them was that.
    """

    wave: int
    family: str
    situation: int
    count: int
    spoken: int
    broken: int
    disagreement: float = 0.0


def steer(
    cells: Sequence[Cell], arms: Sequence[tuple[str, int]], chunks: Sequence[int], *, wave: int, seed: str
) -> tuple[Choice, ...]:
    """Chunks of so many probes each, given to the ``arms`` (family, situation); ``cells`` is all that was counted so
    far.
    """
    known = {(cell.family, cell.situation): cell for cell in summed(cells)}
    if not arms:
        return ()
    found = [known.get(arm, Cell(*arm, 0, 0, 0)) for arm in arms]
    spoken = np.array([cell.spoken for cell in found], np.float64)
    broken = np.array([cell.broken for cell in found], np.float64)
    away = np.array([cell.uncovered for cell in found], np.float64) / np.maximum(spoken, 1)
    disagreement = np.array([cell.mean_disagreement for cell in found], np.float64)
    rng = np.random.default_rng([*f"{seed}/{wave}".encode()])
    counts: Counter[int] = Counter()
    for count in chunks:
        drawn = rng.beta(1 + broken, 1 + spoken - broken) * (1 + away) * (1 + disagreement)
        counts[int(drawn.argmax())] += count
    return tuple(_choice(wave, found[arm], counts[arm]) for arm in sorted(counts))


def choice_document(choice: Choice) -> list[JsonValue]:
    """As JSON."""
    known: list[JsonValue] = [choice.spoken, choice.broken, choice.disagreement]
    return [choice.wave, choice.family, choice.situation, choice.count, *known]


def choice_from(document: Sequence[JsonValue]) -> Choice:
    """The inverse of ``choice_document``; the last entry may be missing.

    Raises:
        ValueError, TypeError: an entry is missing, or of another type.
    """
    wave, family, *counts = document[:6]
    situation, count, spoken, broken = (int(str(one)) for one in counts)
    later = (float(str(one)) for one in document[6:])
    return Choice(int(str(wave)), str(family), situation, count, spoken, broken, *later)


def _choice(wave: int, known: Cell, count: int) -> Choice:
    disagreement = round(known.mean_disagreement, DECIMALS)
    return Choice(wave, known.family, known.situation, count, known.spoken, known.broken, disagreement)
