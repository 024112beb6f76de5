"""Screening: which of many features moves a reward, from tests of many at once (group testing, Dorfman 1943).

Every test gives an original a random handful of features; a feature's effect is the mean change of the tests that hold
it, and its score that mean over its standard error. What the other features of a test do is noise of mean zero, so a
thousand tests screen ten thousand features.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def scores(size: int, tests: Sequence[Sequence[int]], changes: Floats) -> Floats:
    """``[size]``: of each feature below ``size``, its mean change over the standard error of such a mean; 0 where no
    test holds it. ``tests[i]`` are the features of the test that changed the reward's logit by ``changes[i]``.
    """
    owners = np.repeat(np.arange(len(tests)), [len(test) for test in tests])
    features = np.array([feature for test in tests for feature in test], dtype=np.int64)
    rest = changes - changes.mean()
    count = np.bincount(features, minlength=size)
    total = np.bincount(features, weights=rest[owners], minlength=size)
    spread = float(rest.std())
    found: Floats = np.divide(total, np.sqrt(count) * spread, out=np.zeros(size), where=(count > 0) & (spread > 0))
    return found


def without_means(changes: Floats, groups: Sequence[int]) -> Floats:
    """``changes [N]``, each less the mean of its group."""
    _, group = np.unique(groups, return_inverse=True)
    means = np.bincount(group, weights=changes) / np.bincount(group)
    left: Floats = changes - means[group]
    return left


def logits(rewards: Floats, least: float = 1e-3) -> Floats:
    """Of rewards in [0, 1], clipped: a shift of a signal moves all of them alike, wherever they lie."""
    inside = np.clip(rewards, least, 1 - least)
    found: Floats = np.log(inside / (1 - inside))
    return found


def sure_effect(changes: Floats) -> float:
    """How much ``changes`` surely are, whichever way each goes: their root mean square less two standard errors of
    their size, never below 0. What counts for some originals alone, or pays here and costs there, has no mean to speak
    of.
    """
    if len(changes) < 2:
        return 0.0
    size = np.abs(changes)
    error = float(size.std(ddof=1)) / float(np.sqrt(len(changes)))
    return max(0.0, float(np.sqrt(np.square(changes).mean())) - 2 * error)
