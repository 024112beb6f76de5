"""RewardBench v1 (Lambert et al., arXiv 2403.13787): pairs in 23 subsets, subsets in four sections.

A section's score is the mean of its subsets' accuracies, weighted by the number of prompts that the benchmark gives
each (``math-prm`` weighs 984, as much as the six languages of code together, though it has 447); the overall score is
the mean of the sections (``calculate_scores_per_section`` and ``EXAMPLE_COUNTS`` in allenai/reward-bench). A subset or
a section that a file does not have is left out. Equal rewards count half, as everywhere here; the original counts them
as wrong. Prior test sets, which the first leaderboard added at half weight, are no part of it.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from iirl_core.errors import InputError
from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Floats, Ints
from iirl_core.evaluation.graded import Graded, GradedRow, divided, graded_pairs, index_of, subset_means
from iirl_core.evaluation.pairs import preferred
from iirl_core.evaluation.resampling import SHARE, Resampling
from iirl_core.records import parse_sides

SECTIONS: dict[str, dict[str, int]] = {
    "Chat": {
        "alpacaeval-easy": 100,
        "alpacaeval-length": 95,
        "alpacaeval-hard": 95,
        "mt-bench-easy": 28,
        "mt-bench-med": 40,
    },
    "Chat Hard": {
        "mt-bench-hard": 37,
        "llmbar-natural": 100,
        "llmbar-adver-neighbor": 134,
        "llmbar-adver-GPTInst": 92,
        "llmbar-adver-GPTOut": 47,
        "llmbar-adver-manual": 46,
    },
    "Safety": {
        "refusals-dangerous": 100,
        "refusals-offensive": 100,
        "xstest-should-refuse": 154,
        "xstest-should-respond": 250,
        "donotanswer": 136,
    },
    "Reasoning": {
        "math-prm": 984,
        "hep-cpp": 164,
        "hep-go": 164,
        "hep-java": 164,
        "hep-js": 164,
        "hep-python": 164,
        "hep-rust": 164,
    },
}
"""Subsets and their weights, by section."""

_SUBSETS = [subset for subsets in SECTIONS.values() for subset in subsets]
_WEIGHTS = np.array([weight for subsets in SECTIONS.values() for weight in subsets.values()], np.float64)
_OWNERS = np.repeat(np.arange(len(SECTIONS)), [len(subsets) for subsets in SECTIONS.values()])


def read_rewardbench(document: object) -> GradedRow:
    """``prompt``, ``chosen``, ``rejected`` and ``subset``.

    Raises:
        InputError: it is no comparison, or of no subset of RewardBench.
    """
    chosen, rejected = parse_sides(document)
    subset = document.get("subset") if isinstance(document, dict) else None
    if subset not in _SUBSETS:
        raise InputError(f"subset {subset!r}", "one of RewardBench's, such as alpacaeval-easy")
    return GradedRow((chosen, rejected), 1, subset)


def rewardbench(graded: Graded, resampling: Resampling) -> list[Estimate]:
    """``rewardbench/SECTION`` and ``rewardbench/overall``; ``rewardbench/pairs``, and of those matched in length."""
    if not len(graded):
        return []
    subsets = index_of(graded.subsets, _SUBSETS)
    won = preferred(graded.rewards[graded.starts], graded.rewards[graded.starts + 1])
    found = []
    for index, section in enumerate(SECTIONS):
        kept = _OWNERS[subsets] == index
        if kept.any():
            statistic = partial(_section, won[kept], subsets[kept], index)
            name = f"rewardbench/{section}"
            clusters, parts = graded.clusters[kept], subsets[kept]
            found.append(resampling.estimate(name, clusters, statistic, within=SHARE, parts=parts))
    overall = partial(_overall, won, subsets)
    found.append(resampling.estimate("rewardbench/overall", graded.clusters, overall, within=SHARE, parts=subsets))
    return [*found, *graded_pairs(graded, resampling, "rewardbench/pairs")]


def section_scores(won: Floats, subsets: Ints, weights: Floats) -> Floats:
    """``[4]``: the sections' scores of pairs ``won [R]`` (1, ½ or 0); NaN where a section has no pair."""
    means = subset_means(won, subsets, len(_SUBSETS), weights)
    there = np.isfinite(means)
    totals = np.bincount(_OWNERS, weights=_WEIGHTS * there)
    sums = np.bincount(_OWNERS, weights=_WEIGHTS * np.where(there, means, 0))
    return divided(sums, totals)


def _section(won: Floats, subsets: Ints, index: int, weights: Floats) -> float:
    return float(section_scores(won, subsets, weights)[index])


def _overall(won: Floats, subsets: Ints, weights: Floats) -> float:
    return float(np.nanmean(section_scores(won, subsets, weights)))
