"""The strength β(x, t) of equation 2 (IIRL, arXiv 2602.14844): with how much a row is learnt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iirl_core.config.expertness import Beta, DiscountSection, SourcesSection


def strengths(beta: Beta, source: str, steps: int) -> NDArray[np.float64]:
    """``[steps]`` ≥ 0: β of each row of a record from ``source``; a conversation has one, at step 0. Above 0 but where
    a discount's power is too small for a float (as rows are kept: for a float32).
    """
    if isinstance(beta, DiscountSection):
        return np.power(beta.discount, np.arange(steps))
    if isinstance(beta, SourcesSection):
        return np.full(steps, beta.sources.get(source, beta.otherwise))
    return np.full(steps, beta)
