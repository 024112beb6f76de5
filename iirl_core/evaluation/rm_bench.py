"""RM-Bench (Liu et al., ICLR 2025, arXiv 2410.16184): subtle differences, and styles that should not matter.

Each prompt has a right and a wrong answer in three styles, from plain to fancy: concise, detailed, detailed with
Markdown. Every right one meets every wrong one: *hard* where the wrong answer has the fancier style, *normal* where
both have the same, *easy* where the right one has the fancier. Each is the mean of its cells in a domain, then of the
domains (the two safety sets are one); a domain's own score is the mean of its easy, normal and hard, and the overall
score that of the domains (``scripts/utils.py`` in THU-KEG/RM-Bench). Equal rewards count half; the original counts them
as wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from iirl_core.errors import InputError
from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Floats, Ints
from iirl_core.evaluation.graded import Graded, GradedRow, graded_pairs, index_of, subset_means
from iirl_core.evaluation.pairs import preferred
from iirl_core.evaluation.resampling import SHARE, Resampling
from iirl_core.records import parse_answers

DOMAINS = ("chat", "code", "math", "safety")
STYLES = 3
LEVELS = ("easy", "normal", "hard")


def read_rm_bench(document: object) -> GradedRow:
    """``prompt``, three ``chosen``, three ``rejected`` and a ``domain``.

    Raises:
        InputError: a field is missing, or there are more or fewer styles, or there is no such domain.
    """
    chosen, rejected = parse_answers(document, "chosen"), parse_answers(document, "rejected")
    if not len(chosen) == len(rejected) == STYLES:
        raise InputError(f"{len(chosen)} chosen and {len(rejected)} rejected answers", f"{STYLES} styles of each")
    said = document.get("domain") if isinstance(document, Mapping) else None
    domain = next((name for name in DOMAINS if isinstance(said, str) and said.startswith(name)), None)
    if domain is None:
        raise InputError(f"domain {said!r}", f"one of {', '.join(DOMAINS)}")
    return GradedRow((*chosen, *rejected), STYLES, domain)


def rm_bench(graded: Graded, resampling: Resampling) -> list[Estimate]:
    """``rm_bench/easy``, ``normal`` and ``hard``, each domain's and the ``overall`` score; ``rm_bench/pairs`` of all
    nine, and of those matched in length.
    """
    if not len(graded):
        return []
    domains, levels = index_of(graded.subsets, DOMAINS), level_scores(graded)
    found = []
    for column, level in enumerate(LEVELS):
        found.append(_over_domains(f"rm_bench/{level}", graded, levels[:, column], resampling))
    scores = levels.mean(axis=1)
    for index, domain in enumerate(DOMAINS):
        kept = domains == index
        if kept.any():
            found.append(resampling.share(f"rm_bench/{domain}", graded.clusters[kept], scores[kept]))
    found.append(_over_domains("rm_bench/overall", graded, scores, resampling))
    return [*found, *graded_pairs(graded, resampling, "rm_bench/pairs")]


def level_scores(graded: Graded) -> Floats:
    """``[R, 3]``: how much of its easy, normal and hard cells each prompt won."""
    answers = graded.rewards.reshape(-1, 2, STYLES)
    won = preferred(answers[:, 0, :, None], answers[:, 1, None, :])
    chosen, rejected = np.indices((STYLES, STYLES))
    cells: list[NDArray[np.bool_]] = [chosen > rejected, chosen == rejected, chosen < rejected]
    return np.stack([won[:, level].mean(axis=1) for level in cells], axis=1)


def _over_domains(name: str, graded: Graded, values: Floats, resampling: Resampling) -> Estimate:
    domains = index_of(graded.subsets, DOMAINS)
    statistic: Callable[[Floats], float] = partial(_mean_of_means, values, domains)
    return resampling.estimate(name, graded.clusters, statistic, within=SHARE, parts=domains)


def _mean_of_means(values: Floats, domains: Ints, weights: Floats) -> float:
    return float(np.nanmean(subset_means(values, domains, len(DOMAINS), weights)))
