"""Calibration: is a reward of 0.8 right four times of five, read as the probability that the record is a demonstration?

The expected calibration error (Naeini, Cooper and Hauskrecht 2015) with bins of equal mass, which none of the records
can leave empty (Nguyen and O'Connor 2015). Demonstrations and negatives weigh the same in total, however many there
are: a reward cannot know how many negatives somebody gathered.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Floats, Frozen
from iirl_core.evaluation.resampling import Resampling

BINS = 10


def calibration(frozen: Frozen, resampling: Resampling) -> list[Estimate]:
    """``calibration/CONTRAST``: the error in ``BINS`` bins, 0 at best; not for noisy copies, which are no negatives.

    An average over few records is never exactly right: of n records a perfect reward still has up to 0.4·√(BINS/n).
    """
    found = []
    shown = frozen.demonstrations
    for contrast in frozen.without_copies().contrasts:
        if len(contrast) and len(shown):
            clusters = np.concatenate([shown.clusters, contrast.clusters])
            statistic = calibration_error(shown.rewards, contrast.rewards)
            found.append(resampling.estimate(f"calibration/{contrast.name}", clusters, statistic))
    return found


def calibration_error(positive: Floats, negative: Floats) -> Callable[[Floats], float]:
    """``Σ_b mass_b·|share of positives in b − mean reward in b|`` as a function of the weights of
    ``[*positive, *negative]``; NaN where one class has no weight. Equal rewards are in one bin.
    """
    rewards, place = np.unique(np.concatenate([positive, negative]), return_inverse=True)
    split = len(positive)

    def error(weights: Floats) -> float:
        sides = [weights[:split], weights[split:]]
        totals = [float(side.sum()) for side in sides]
        if not all(totals):
            return float("nan")
        right, wrong = (
            np.bincount(places, weights=side / (2 * total), minlength=len(rewards))
            for places, side, total in zip((place[:split], place[split:]), sides, totals, strict=True)
        )
        mass = right + wrong
        middle = np.cumsum(mass) - mass / 2
        bins = np.minimum((middle * BINS + 1e-9).astype(np.int64), BINS - 1)
        return float(np.abs(np.bincount(bins, weights=right - mass * rewards, minlength=BINS)).sum())

    return error
