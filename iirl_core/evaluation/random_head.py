"""Random head: what a head over the same encoder reaches that nobody trained. What a trained one has above that, it
learnt.

One random head is a lottery, and which way it points is chance: so there are several, and each is told the better of
its two signs, for every figure anew. Of few records that finds more than ½ in pure noise, as any choice would.
"""

from __future__ import annotations

import numpy as np

from iirl_core.evaluation.baselines import heads_alone
from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Floats, Frozen
from iirl_core.evaluation.ranking import rankings
from iirl_core.evaluation.resampling import Resampling

HEADS = 16
SEED = 0


def random_heads(width: int) -> Floats:
    """``[width, HEADS]``: linear heads with standard normal weights, always the same."""
    return np.random.default_rng([SEED, width]).standard_normal((width, HEADS))


def random_head(frozen: Frozen, resampling: Resampling) -> list[Estimate]:  # noqa: ARG001 - nothing is resampled
    """``random/FIGURE`` for each figure of a ranking."""
    return heads_alone(rankings, frozen, frozen.demonstrations.heads.shape[1])
