"""Best of N: the reward picks among N answers to a prompt, a golden score says how good the pick is.

The curve is exact over all subsets of N of a prompt's n answers, without drawing any: sorted by reward, the i-th from
below is the best of C(i−1, N−1) of the C(n, N) subsets (the unbiased estimator of Nakano et al. 2021, WebGPT, app. I).
A reward that is gamed gives itself away by a curve that turns down.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Floats, Frozen, Ints, Judged
from iirl_core.evaluation.ranks import ranks
from iirl_core.evaluation.resampling import Resampling

Mean = Callable[[str, Ints, Floats], Estimate]

GRID = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
DROPPED = 0.1
"""The curve goes up to as many answers as all but this share of the prompts have, and is of those prompts: the same
from end to end."""


def best_of_n(frozen: Frozen, resampling: Resampling) -> list[Estimate]:
    """``best_of_n/golden@N``: the mean golden score of the pick, by prompt. N = 1 is a pick at random."""
    judged = frozen.judged
    if judged is None:
        return []
    bounded = len(judged) > 0 and 0 <= judged.golden.min() <= judged.golden.max() <= 1
    return _picked("best_of_n/golden", judged, judged.golden, resampling.share if bounded else resampling.mean)


def picking_wins(judged: Judged, resampling: Resampling) -> list[Estimate]:
    """``best_of_n/win@N``: the chance that the golden scorer prefers the pick to an answer to the same prompt taken at
    random, equal scores counting half; ½ at N = 1, on whatever scale the golden scorer scores.
    """
    wins = np.zeros(len(judged))
    for answers in _by_prompt(judged):
        wins[answers] = (ranks(judged.golden[answers]) - 0.5) / len(answers)

    def mean(name: str, prompts: Ints, picked: Floats) -> Estimate:
        if name.endswith("@1"):  # ½ by definition, not by what prompts say: there is no doubt to bound
            return resampling.mean(name, prompts, picked)
        return resampling.share(name, prompts, picked)

    return _picked("best_of_n/win", judged, wins, mean)


def _picked(name: str, judged: Judged, values: Floats, mean: Mean) -> list[Estimate]:
    """``NAME@N`` over the grid: the mean of what ``values [N]`` say of the pick."""
    answers, grid = _curve(judged)
    prompts = np.array([judged.clusters[each[0]] for each in answers])
    ordered = [golden_in_order(judged.rewards[each], values[each]) for each in answers]
    found = []
    for n in grid:
        chances = {size: pick_probabilities(size, n) for size in {len(each) for each in ordered}}
        picked = np.array([chances[len(each)] @ each for each in ordered])
        found.append(mean(f"{name}@{n}", prompts, picked))
    return found


def picking_kl(frozen: Frozen, resampling: Resampling) -> list[Estimate]:  # noqa: ARG001 - a bound, not a measurement
    """``kl/best_of_n@N``: how far picking moves a policy at most, where all answers are samples of one. Of answers of
    several it would mean nothing.
    """
    judged, (answers, grid) = frozen.judged, _curve(frozen.judged)
    if judged is None or len(np.unique(judged.policies)) != 1:
        return []
    bounds = [(n, kl_bound(n)) for n in grid]
    return [Estimate(f"kl/best_of_n@{n}", kl, kl, kl, len(answers), len(answers)) for n, kl in bounds]


def _curve(judged: Judged | None) -> tuple[list[Ints], list[int]]:
    """The positions of each prompt's answers, of the prompts that have enough, and the grid of N; nothing where there
    is nothing to pick from.
    """
    if judged is None or not len(judged):
        return [], []
    every = _by_prompt(judged)
    top = int(np.quantile([len(answers) for answers in every], DROPPED, method="lower"))
    grid = [*(n for n in GRID if n < top), top] if top > 1 else []
    return [answers for answers in every if len(answers) >= top], grid


def _by_prompt(judged: Judged) -> list[Ints]:
    """The positions of each prompt's answers, ascending."""
    if not len(judged):
        return []
    _, starts = np.unique(np.sort(judged.clusters), return_index=True)
    return np.split(np.argsort(judged.clusters, kind="stable"), starts[1:])


def golden_in_order(proxy: Floats, golden: Floats) -> Floats:
    """``golden [A]`` in the order of ``proxy``, ascending. Answers of equal proxy share the mean of theirs: each of
    them is as likely to be picked.
    """
    _, place = np.unique(proxy, return_inverse=True)
    means = np.bincount(place, weights=golden) / np.bincount(place)
    return np.asarray(means[np.sort(place)])


def pick_probabilities(answers: int, n: int) -> Floats:
    """``[answers]``: C(i−1, n−1)/C(answers, n) for the i-th answer from below, by the ratio of neighbours, from the
    best one's n/answers downwards.
    """
    positions = np.arange(answers, 1, -1)
    falling = np.concatenate([[1.0], np.cumprod(np.maximum(positions - n, 0) / (positions - 1))])
    return np.asarray((n / answers * falling)[::-1])


def kl_bound(n: int) -> float:
    """``log n − (n−1)/n`` nats: an upper bound of how far the best of n is from the policy (Beirami et al., arXiv
    2401.01879).
    """
    return math.log(n) - (n - 1) / n
