"""Random head: what a head over the same encoder reaches that nobody trained. What a trained one has above that, it
learnt.

One random head is a lottery, and which way it points is chance: so there are several, and each is told the better of
its two signs, for every figure anew. Of few records that finds more than ½ in pure noise, as any choice would.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Floats, Frozen, Group, Judged
from iirl_core.evaluation.ranking import RANKINGS
from iirl_core.evaluation.resampling import TAIL, Resampling

HEADS = 16
SEED = 0


def random_heads(width: int) -> Floats:
    """``[width, HEADS]``: linear heads with standard normal weights, always the same."""
    return np.random.default_rng([SEED, width]).standard_normal((width, HEADS))


def random_head(frozen: Frozen, resampling: Resampling) -> list[Estimate]:  # noqa: ARG001 - nothing is resampled
    """``random/FIGURE`` for each figure of a ranking: the mean over the heads, with the interval that holds 95% of the
    heads (not of resamples).
    """
    heads = frozen.demonstrations.heads.shape[1]
    named: dict[str, list[Estimate]] = {}
    for head in range(heads):
        for estimate in _better_sign(frozen, head):
            named.setdefault(estimate.name, []).append(estimate)
    return [_over_heads(f"random/{name}", estimates) for name, estimates in named.items()]


def _better_sign(frozen: Frozen, head: int) -> list[Estimate]:
    once = Resampling(0)
    ways = []
    for sign in (1, -1):
        scored = frozen.scored_by(partial(_said, head, sign))
        ways.append([estimate for suite in RANKINGS for estimate in suite(scored, once)])
    return [max(pair, key=lambda estimate: estimate.value) for pair in zip(*ways, strict=True)]


def _said(head: int, sign: int, group: Group | Judged) -> Floats:
    return sign * group.heads[:, head]


def _over_heads(name: str, estimates: list[Estimate]) -> Estimate:
    values = np.array([estimate.value for estimate in estimates])
    value = float(values.mean())
    low, high = np.quantile(values, [TAIL, 1 - TAIL])
    return replace(estimates[0], name=name, value=value, low=min(float(low), value), high=max(float(high), value))
