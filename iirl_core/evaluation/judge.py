"""Judge: does the reward prefer what a judge prefers, answer by answer and policy by policy?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Floats, Frozen, Ints, Judged
from iirl_core.evaluation.pairs import MATCHES, matched, preferred
from iirl_core.evaluation.ranks import ranks
from iirl_core.evaluation.resampling import SHARE, Resampling

CLEAR = 0.2
"""A pair counts where its judged preferences differ by at least this: of closer ones the judge itself is not sure."""
ANSWERS = 64
"""Of a prompt with more answers the first ones are paired."""
NORMAL = 1.96
FEWEST = 3
"""Of fewer policies a rank correlation is ±1 or nearly so."""


def judge(frozen: Frozen, resampling: Resampling) -> list[Estimate]:
    """``judge/agreement``: the share of clear pairs of answers to one prompt that the reward orders as the judge does,
    equal rewards counting half (``@25%``, ``@10%``: of pairs matched in length);
    ``judge/policies``: Spearman's correlation of policies' mean reward and mean judged preference;
    ``judge/policies-apart``: the same over the most policies whose intervals of mean preference do not overlap;
    ``judge/policies-ordered``: the share of all pairs of policies whose two intervals do not overlap that mean rewards
    put in the judge's order. All clustered by prompt.
    """
    judged = frozen.judged
    if judged is None or not len(judged):
        return []
    found = []
    first, second = clear_pairs(judged)
    right = preferred(judged.rewards[first], judged.rewards[second])
    for suffix, share in MATCHES.items():
        kept = matched(judged.lengths[first], judged.lengths[second], share)
        if kept.any():
            found.append(resampling.share(f"judge/agreement{suffix}", judged.clusters[first][kept], right[kept]))
    there = np.unique(judged.policies)
    for name, policies in (("judge/policies", there), ("judge/policies-apart", apart(judged))):
        if len(policies) >= FEWEST:
            kept = np.isin(judged.policies, policies)
            statistic = policy_correlation(judged.policies[kept], judged.rewards[kept], judged.golden[kept])
            if np.isfinite(statistic(np.ones(int(kept.sum())))):
                found.append(resampling.estimate(name, judged.clusters[kept], statistic))
    better, worse = clear_policies(judged)
    if len(better) >= FEWEST:
        order = policy_order(judged.policies, judged.rewards, better, worse)
        # Between 0 and 1 it moves in whole pairs: no mean of prompts, which could lie a little off.
        within = SHARE if order(np.ones(len(judged))) in SHARE else None
        found.append(resampling.estimate("judge/policies-ordered", judged.clusters, order, within=within))
    return found


def clear_pairs(judged: Judged) -> tuple[Ints, Ints]:
    """``[P]`` and ``[P]``: positions of the preferred and of the other answer to a prompt, where the judge is clear."""
    order = np.argsort(judged.clusters, kind="stable")
    _, starts = np.unique(judged.clusters[order], return_index=True)
    firsts, seconds = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for answers in np.split(order, starts[1:]):
        upper, lower = np.triu_indices(min(len(answers), ANSWERS), k=1)
        firsts.append(answers[upper])
        seconds.append(answers[lower])
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    margin = judged.golden[first] - judged.golden[second]
    clear = np.abs(margin) >= CLEAR - 1e-9
    first, second, better = first[clear], second[clear], margin[clear] > 0
    return np.where(better, first, second), np.where(better, second, first)


def policy_correlation(policies: Ints, rewards: Floats, golden: Floats) -> Callable[[Floats], float]:
    """Spearman's correlation of policies' means as a function of the answers' weights; NaN where a policy has none, or
    where one side's means are all equal.
    """
    _, owner = np.unique(policies, return_inverse=True)

    def correlation(weights: Floats) -> float:
        totals = np.bincount(owner, weights=weights)
        if not totals.all():
            return float("nan")
        sides = [ranks(np.bincount(owner, weights=weights * values) / totals) for values in (rewards, golden)]
        left, right = (side - side.mean() for side in sides)
        scale = np.sqrt((left @ left) * (right @ right))
        return float(np.clip((left @ right) / scale, -1, 1)) if scale else float("nan")

    return correlation


def policy_order(policies: Ints, rewards: Floats, better: Ints, worse: Ints) -> Callable[[Floats], float]:
    """The share of the pairs ``better [P]`` and ``worse [P]`` of policies whose mean rewards are in that order, equal
    ones counting half, as a function of the answers' weights; NaN where a policy has none.
    """

    def share(weights: Floats) -> float:
        totals = np.bincount(policies, weights=weights)
        if not totals[np.union1d(better, worse)].all():
            return float("nan")
        means = np.bincount(policies, weights=weights * rewards) / np.maximum(totals, 1e-12)
        return float(preferred(means[better], means[worse]).mean())

    return share


def clear_policies(judged: Judged) -> tuple[Ints, Ints]:
    """``[P]`` and ``[P]``: the preferred and the other policy, of every pair whose 95% intervals of mean judged
    preference do not overlap.
    """
    told = [_preference(judged, policy) for policy in np.unique(judged.policies).tolist()]
    pairs = [(one[2], other[2]) for one in told for other in told if one[1] > other[0]]
    better, worse = np.array(pairs, np.int64).reshape(-1, 2).T
    return better, worse


def apart(judged: Judged) -> Ints:
    """The largest set of policies whose 95% intervals of mean judged preference do not overlap: taken in the order of
    their upper ends, each that lies above the one before.
    """
    kept, reached = [], -np.inf
    for high, low, policy in sorted(_preference(judged, policy) for policy in np.unique(judged.policies).tolist()):
        if low > reached:
            kept.append(policy)
            reached = high
    return np.array(kept, np.int64)


def _preference(judged: Judged, policy: int) -> tuple[float, float, int]:
    """Upper and lower end of the interval of its mean. One prompt says nothing of the spread: it is everything."""
    own = judged.policies == policy
    mean, half = mean_by_prompt(judged.golden[own], judged.clusters[own])
    return mean + half, mean - half, policy


def mean_by_prompt(values: Floats, clusters: Ints) -> tuple[float, float]:
    """The mean of ``values [N]`` and half the width of its 95% normal interval by prompt: the linearised variance of a
    ratio of sums (Cochran 1977, §11); infinite for one prompt.
    """
    _, owner = np.unique(clusters, return_inverse=True)
    mean, prompts = float(values.mean()), int(owner.max()) + 1
    if prompts == 1:
        return mean, np.inf
    spread = np.square(np.bincount(owner, weights=values - mean)).sum() * prompts / (prompts - 1)
    return mean, NORMAL * float(np.sqrt(spread)) / len(values)


@dataclass(frozen=True)
class PolicyMeans:
    """One policy's ``answers``: the means of their golden scores and of their rewards, each with half its interval."""

    name: str
    answers: int
    golden: float
    golden_half: float
    reward: float
    reward_half: float


def policy_means(judged: Judged) -> list[PolicyMeans]:
    """Of every policy, from the highest mean golden score down; policies with answers to one prompt have intervals
    without an end.
    """
    found = []
    for policy in np.unique(judged.policies).tolist():
        own = judged.policies == policy
        golden = mean_by_prompt(judged.golden[own], judged.clusters[own])
        reward = mean_by_prompt(judged.rewards[own], judged.clusters[own])
        found.append(PolicyMeans(judged.names[policy], int(own.sum()), *golden, *reward))
    return sorted(found, key=lambda one: (-one.golden, one.name))
