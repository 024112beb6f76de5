"""Ranking: do episodes that returned more also get more reward?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iirl_core.errors import InputError
from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Floats
from iirl_core.evaluation.resampling import Resampling

MINIMUM = 3


def rank_episodes(
    rewards_per_episode: Sequence[float] | Floats,
    returns: Sequence[float] | Floats,
    resampling: Resampling | None = None,
) -> Estimate:
    """Spearman's rank correlation, in [−1, 1], of the episodes' learnt rewards and their returns, both ``[N]``; ties
    share their mean rank. Each episode is its own cluster.

    Raises:
        InputError: there are fewer than 3 episodes, numbers differ, or one side is constant.
    """
    rewards, wanted = np.asarray(rewards_per_episode, np.float64), np.asarray(returns, np.float64)
    if rewards.shape != wanted.shape or rewards.ndim != 1 or len(rewards) < MINIMUM:
        raise InputError(f"{list(rewards.shape)} rewards and {list(wanted.shape)} returns", "[N] each, N ≥ 3")
    if np.ptp(rewards) == 0 or np.ptp(wanted) == 0:
        raise InputError("episodes that all have the same reward or return", "two different ones")

    def spearman(weights: Floats) -> float:
        drawn = np.repeat(np.arange(len(rewards)), weights.astype(np.int64))
        first, second = _ranks(rewards[drawn]), _ranks(wanted[drawn])
        spread = first.std() * second.std()
        if spread == 0:
            return float("nan")
        return float(np.clip(((first - first.mean()) * (second - second.mean())).mean() / spread, -1, 1))

    clusters = np.arange(len(rewards), dtype=np.int64)
    return (resampling or Resampling()).estimate("ranking/spearman", clusters, spearman)


def _ranks(values: Floats) -> Floats:
    """Mean ranks, from 1."""
    _, place, sizes = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(sizes)
    return (ends - (sizes - 1) / 2)[place].astype(np.float64)
