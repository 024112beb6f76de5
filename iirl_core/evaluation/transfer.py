"""Transfer: does the reward judge answers of policies that it never saw as well as answers of those it learnt from?"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Floats, Judged
from iirl_core.evaluation.judge import clear_pairs
from iirl_core.evaluation.pairs import MATCHES, matched, preferred
from iirl_core.evaluation.resampling import Resampling


def transfer(judged: Judged, seen: Collection[str], resampling: Resampling) -> list[Estimate]:
    """Agreement on the judge's clear pairs: ``transfer/unseen`` where the reward saw neither policy, ``transfer/seen``
    where it saw both, ``transfer/mixed`` where it saw one (each also of pairs matched in length); ``transfer/gap`` is
    seen − unseen. Clustered by prompt.
    """
    known = np.array([name in seen for name in judged.names], np.bool_)
    first, second = clear_pairs(judged)
    of_seen = known[judged.policies[first]].astype(np.int64) + known[judged.policies[second]]
    won = preferred(judged.rewards[first], judged.rewards[second])
    clusters = judged.clusters[first]
    found = []
    for name, count in (("unseen", 0), ("seen", 2), ("mixed", 1)):
        for suffix, share in MATCHES.items():
            kept = (of_seen == count) & matched(judged.lengths[first], judged.lengths[second], share)
            if kept.any():
                found.append(resampling.share(f"transfer/{name}{suffix}", clusters[kept], won[kept]))
    told = of_seen != 1
    if {0, 2} <= set(of_seen.tolist()):

        def gap(weights: Floats) -> float:
            return _mean(won[told], weights, of_seen[told] == 2) - _mean(won[told], weights, of_seen[told] == 0)

        parts = of_seen[told]
        found.append(resampling.estimate("transfer/gap", clusters[told], gap, within=(-1.0, 1.0), parts=parts))
    return found


def _mean(values: Floats, weights: Floats, kept: NDArray[np.bool_]) -> float:
    total = float(weights[kept].sum())
    return float(values[kept] @ weights[kept]) / total if total else float("nan")
