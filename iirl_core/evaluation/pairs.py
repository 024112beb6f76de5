"""Pairs: of two answers to one prompt, a demonstration's and a contrast's, does the first get the higher reward?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Floats, Frozen
from iirl_core.evaluation.resampling import Resampling

MATCHES: dict[str, float | None] = {"": None, "@25%": 0.25, "@10%": 0.10}
"""By the end of a figure's name: how much, as a share of the longer answer, the lengths of a pair may differ."""


def pairs(frozen: Frozen, resampling: Resampling) -> list[Estimate]:
    """``pairs/CONTRAST``: the share of pairs in which it does, equal rewards counting half; ``pairs/CONTRAST@25%`` and
    ``@10%``: of those whose lengths differ by less than that. Clustered by prompt.
    """
    found = []
    for contrast, positions in zip(frozen.contrasts, frozen.pairs, strict=True):
        chosen, rejected = positions[:, 0], positions[:, 1]
        right = preferred(frozen.demonstrations.rewards[chosen], contrast.rewards[rejected])
        lengths = (frozen.demonstrations.lengths[chosen], contrast.lengths[rejected])
        clusters = frozen.demonstrations.clusters[chosen]
        for suffix, share in MATCHES.items():
            kept = matched(*lengths, share)
            if kept.any():
                found.append(resampling.share(f"pairs/{contrast.name}{suffix}", clusters[kept], right[kept]))
    return found


def preferred(first: Floats, second: Floats) -> Floats:
    """``[P]``: 1 where the first is larger, 0 where it is smaller, ½ where they are equal."""
    return 0.5 * (1 + np.sign(first - second))


def matched(first: Floats, second: Floats, share: float | None) -> NDArray[np.bool_]:
    """``[P]``: whether two lengths differ by less than ``share`` of the larger, or not at all; None takes all pairs."""
    if share is None:
        return np.ones(len(first), np.bool_)
    near: NDArray[np.bool_] = (np.abs(first - second) < share * np.maximum(first, second)) | (first == second)
    return near
