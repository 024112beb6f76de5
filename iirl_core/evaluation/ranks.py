"""Ranks: what Spearman's correlation and win rates are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iirl_core.evaluation.frozen import Floats


def ranks(values: Floats) -> Floats:
    """From 1, equal values sharing the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    middles: NDArray[np.float64] = np.cumsum(counts) - (counts - 1) / 2
    return middles[place]
