"""Pairs: of two answers to one prompt, does the chosen one get the higher reward?"""

from __future__ import annotations

import numpy as np

from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Floats, Frozen
from iirl_core.evaluation.resampling import Resampling


def pairs(frozen: Frozen, resampling: Resampling) -> list[Estimate]:
    """``pairs/accuracy``: the share of pairs in which it does; equal rewards count half."""
    if not len(frozen.pairs):
        return []
    chosen, rejected = frozen.pairs[:, 0], frozen.pairs[:, 1]
    right = preferred(frozen.demonstrations.rewards[chosen], frozen.contrasts[0].rewards[rejected])
    return [resampling.share("pairs/accuracy", frozen.demonstrations.clusters[chosen], right)]


def preferred(first: Floats, second: Floats) -> Floats:
    """``[P]``: 1 where the first is larger, 0 where it is smaller, ½ where they are equal."""
    return 0.5 * (1 + np.sign(first - second))
