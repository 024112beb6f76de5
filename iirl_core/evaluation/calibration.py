"""Calibration: is a reward of 0.8 right four times of five, read as the probability that the record is a demonstration?

The expected calibration error (Naeini, Cooper and Hauskrecht 2015) with bins of equal mass, which none of the records
can leave empty (Nguyen and O'Connor 2015). Demonstrations and negatives weigh the same in total, however many there
are: a reward cannot know how many negatives somebody gathered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Floats, Frozen, Ints
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


@dataclass(frozen=True, eq=False)
class Reliability:
    """Of each of B bins its mean reward ``rewards [B]``, the share of demonstrations among its records ``shares [B]``
    and its share of all records ``masses [B]``, > 0; classes weigh the same.
    """

    rewards: Floats
    shares: Floats
    masses: Floats


def reliability(positive: Floats, negative: Floats) -> Reliability:
    """The bins behind ``calibration_error``, those that hold anything; both classes have records."""
    rewards, right, mass = _by_reward(positive, negative)(np.ones(len(positive) + len(negative)))
    bins = _bins(mass)
    masses, rights, sums = (np.bincount(bins, weights=each, minlength=BINS) for each in (mass, right, mass * rewards))
    there = masses > 0
    found = [np.asarray(each[there], np.float64) for each in (sums, rights, masses)]
    return Reliability(found[0] / found[2], found[1] / found[2], found[2])


def calibration_error(positive: Floats, negative: Floats) -> Callable[[Floats], float]:
    """``Σ_b mass_b·|share of positives in b − mean reward in b|`` as a function of the weights of
    ``[*positive, *negative]``; NaN where one class has no weight. Equal rewards are in one bin.
    """
    weighted = _by_reward(positive, negative)

    def error(weights: Floats) -> float:
        if not weights[: len(positive)].sum() or not weights[len(positive) :].sum():
            return float("nan")
        rewards, right, mass = weighted(weights)
        return float(np.abs(np.bincount(_bins(mass), weights=right - mass * rewards, minlength=BINS)).sum())

    return error


def _by_reward(positive: Floats, negative: Floats) -> Callable[[Floats], tuple[Floats, Floats, Floats]]:
    """Weights of ``[*positive, *negative]`` → the K different rewards ``[K]``, ascending, and the shares of the records
    that are positive ``[K]`` and of all ``[K]``; each class weighs ½ in total.
    """
    rewards, place = np.unique(np.concatenate([positive, negative]), return_inverse=True)
    split = len(positive)

    def weighted(weights: Floats) -> tuple[Floats, Floats, Floats]:
        right, wrong = (
            np.asarray(np.bincount(places, weights=side / (2 * side.sum()), minlength=len(rewards)), np.float64)
            for places, side in ((place[:split], weights[:split]), (place[split:], weights[split:]))
        )
        return rewards, right, right + wrong

    return weighted


def _bins(mass: Floats) -> Ints:
    """``[K]``: the bin of each reward, by where the middle of its mass lies."""
    middle = np.cumsum(mass) - mass / 2
    return np.minimum((middle * BINS + 1e-9).astype(np.int64), BINS - 1)
