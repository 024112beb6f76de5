"""Retention: what unseen demonstrations keep of the reward that the last training gave them, before any patch."""

from __future__ import annotations

from functools import partial

import numpy as np

from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Floats, Frozen, Ints
from iirl_core.evaluation.resampling import Resampling

KEPT = 0.95
KNOWN_GOOD = 0.5
QUANTILES = (0.05, 0.25, 0.5)


def retention(frozen: Frozen, resampling: Resampling) -> list[Estimate]:
    """Over the rows (steps of trajectories, conversations) of unseen demonstrations.

    * ``retention/kept``: of those that the root rewarded with ≥ 0.5, the share that keeps ≥ 0.95 of it;
    * ``retention/known_good``: the share whose reward is ≥ 0.5;
    * ``retention/q05``, ``q25``, ``q50``: quantiles of the reward.
    """
    good = frozen.roots >= KNOWN_GOOD
    found = []
    if good.any():
        kept = frozen.rows[good] >= KEPT * frozen.roots[good]
        found.append(resampling.share("retention/kept", frozen.row_clusters[good], kept.astype(np.float64)))
    if len(frozen.rows):
        high = (frozen.rows >= KNOWN_GOOD).astype(np.float64)
        found.append(resampling.share("retention/known_good", frozen.row_clusters, high))
        order = np.argsort(frozen.rows, kind="stable").astype(np.int64)
        for share in QUANTILES:
            statistic = partial(_quantile, frozen.rows[order], order, share)
            found.append(resampling.estimate(f"retention/q{round(100 * share):02d}", frozen.row_clusters, statistic))
    return found


def _quantile(ascending: Floats, order: Ints, share: float, weights: Floats) -> float:
    """The smallest value below or at which ``share`` of the weight lies."""
    reached = np.cumsum(weights[order])
    return float(ascending[np.searchsorted(reached, share * reached[-1], side="left")])
