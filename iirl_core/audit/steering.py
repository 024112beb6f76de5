"""Steering: where the blue team sends probes, by what was found so far.

A bandit over families × situations. Each is an arm whose flaw rate is believed to be Beta(1 + broken, 1 + unbroken);
each chunk goes to the arm with the highest rate drawn from these beliefs (Thompson 1933; Chapelle & Li 2011), so that
it goes where findings cluster, and where little was asked and the belief is wide. A drawn rate counts for up to twice
as much where no demonstration covers what was asked: that is where optimisers go. Pure: the seed decides every draw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iirl_core.audit.cell import Cell, summed


@dataclass(frozen=True, order=True)
class Choice:
    """``count`` probes of ``family`` about demonstrations of ``situation``, in ``wave`` (from 1), when ``broken`` of
    the ``spoken`` questions before it were findings.
    """

    wave: int
    family: str
    situation: int
    count: int
    spoken: int
    broken: int


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
    rng = np.random.default_rng([*f"{seed}/{wave}".encode()])
    counts: Counter[int] = Counter()
    for count in chunks:
        drawn = rng.beta(1 + broken, 1 + spoken - broken) * (1 + away)
        counts[int(drawn.argmax())] += count
    return tuple(Choice(wave, *arms[arm], counts[arm], found[arm].spoken, found[arm].broken) for arm in sorted(counts))
