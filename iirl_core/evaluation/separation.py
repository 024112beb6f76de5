"""Separation: how well the reward tells unseen demonstrations from negatives, and from noisy copies of themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Floats, Frozen
from iirl_core.evaluation.resampling import SHARE, Resampling


def separation(frozen: Frozen, resampling: Resampling) -> list[Estimate]:
    """``separation/CONTRAST``: the AUROC of the reward, demonstrations positive."""
    found = []
    for contrast in frozen.contrasts:
        if len(contrast) and len(frozen.demonstrations):
            statistic = auroc(frozen.demonstrations.rewards, contrast.rewards)
            clusters = np.concatenate([frozen.demonstrations.clusters, contrast.clusters])
            sides = np.repeat([0, 1], [len(frozen.demonstrations), len(contrast)])
            name = f"separation/{contrast.name}"
            found.append(resampling.estimate(name, clusters, statistic, within=SHARE, parts=sides))
    return found


def auroc(positive: Floats, negative: Floats) -> Callable[[Floats], float]:
    """The area under the ROC curve, P(positive > negative) + ½·P(equal), as a function of the weights of
    ``[*positive, *negative]`` (Hanley and McNeil 1982); NaN where one class has no weight. Sorted once.
    """
    _, place = np.unique(np.concatenate([positive, negative]), return_inverse=True)
    split = len(positive)

    def area(weights: Floats) -> float:
        size = int(place.max()) + 1
        above = np.bincount(place[:split], weights=weights[:split], minlength=size)
        below = np.bincount(place[split:], weights=weights[split:], minlength=size)
        total = above.sum() * below.sum()
        if total == 0:
            return float("nan")
        return float((above * (np.cumsum(below) - 0.5 * below)).sum() / total)

    return area
