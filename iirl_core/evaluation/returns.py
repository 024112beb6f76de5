"""Returns: whether a reward ranks rollouts as their true returns do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from iirl_core.errors import InputError
from iirl_core.evaluation.baselines import over_heads
from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Floats
from iirl_core.evaluation.ranks import ranks
from iirl_core.evaluation.resampling import Resampling

FEWEST = 4
"""Rollouts without which a rank correlation means nothing."""


@dataclass(frozen=True, eq=False)
class Returned:
    """N rollouts: ``rewards [N]``, the mean reward of a step; ``returns [N]``, the true ones; ``lengths [N]``, in
    steps; what ``baselines`` say of each, by name; and ``heads [N, H]``, what random heads do.

    Raises:
        InputError: lengths differ, or a number is not finite.
    """

    rewards: Floats
    returns: Floats
    lengths: Floats
    baselines: Mapping[str, Floats] = field(default_factory=dict)
    heads: Floats | None = None

    def __post_init__(self) -> None:
        heads = () if self.heads is None else self.heads.T
        columns = (self.rewards, self.returns, self.lengths, *self.baselines.values(), *heads)
        if any(column.shape != self.rewards.shape for column in columns):
            raise InputError(f"{len(self.rewards)} rewards of rollouts", "one of everything each")
        if not all(np.isfinite(column).all() for column in columns):
            raise InputError("a reward or a return that is not a number", "numbers")


def returns(returned: Returned, resampling: Resampling) -> list[Estimate]:
    """Spearman's rank correlations with the true return, over rollouts.

    * ``returns/spearman``: of the mean reward of a step;
    * ``returns/given_length``: the same with what both share with length taken out of their ranks (partial
      correlation), where lengths differ;
    * ``BASELINE/returns/…``: of length, and of what each of the baselines says;
    * ``random/returns/…``: of random heads, each told the better of its two signs.
    """
    scores = {"": returned.rewards, "length/": returned.lengths, **{f"{k}/": v for k, v in returned.baselines.items()}}
    found = []
    for prefix, values in scores.items():
        statistics = {"spearman": correlation(values, returned.returns)}
        if prefix != "length/":
            statistics["given_length"] = correlation(values, returned.returns, returned.lengths)
        for name, statistic in statistics.items():
            everybody = np.ones(len(values))
            if len(values) >= FEWEST and np.isfinite(statistic(everybody)):
                clusters = np.arange(len(values))
                found.append(resampling.estimate(f"{prefix}returns/{name}", clusters, statistic))
    return found + _random(returned)


def _random(returned: Returned) -> list[Estimate]:
    if returned.heads is None or len(returned.rewards) < FEWEST:
        return []
    found, everybody = [], np.ones(len(returned.rewards))
    for name, given in (("spearman", None), ("given_length", returned.lengths)):
        values = [abs(correlation(head, returned.returns, given)(everybody)) for head in returned.heads.T]
        if np.isfinite(values).all():
            count = len(everybody)
            alone = [Estimate(name, value, value, value, count, count) for value in values]
            found.append(over_heads(f"random/returns/{name}", alone))
    return found


def correlation(left: Floats, right: Floats, given: Floats | None = None) -> Callable[[Floats], float]:
    """Spearman's correlation of ``left [N]`` and ``right [N]`` as a function of how often each record counts; with
    ``given [N]``, of what a straight line on its ranks leaves of both sides' ranks. NaN where a side does not vary.
    """

    def statistic(weights: Floats) -> float:
        chosen = np.repeat(np.arange(len(weights)), weights.astype(np.int64))
        sides = [ranks(values[chosen]) for values in (left, right)]
        sides = [side - side.mean() for side in sides]
        if given is not None:
            known = ranks(given[chosen])
            known = known - known.mean()
            square = float(known @ known)
            if not square:
                return float("nan")
            sides = [side - (side @ known) / square * known for side in sides]
        scale = float(np.sqrt((sides[0] @ sides[0]) * (sides[1] @ sides[1])))
        return float(np.clip((sides[0] @ sides[1]) / scale, -1, 1)) if scale > 1e-9 else float("nan")

    return statistic
