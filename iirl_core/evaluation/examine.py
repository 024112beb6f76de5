"""Suites of files: rows are read, their answers scored elsewhere, and the scores judged here, beside the baselines."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial

from iirl_core.evaluation.baselines import Data, Measure, heads_alone, length_alone
from iirl_core.evaluation.best_of_n import best_of_n, picking_kl, picking_wins
from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Frozen, Judged
from iirl_core.evaluation.graded import Graded, GradedRow, graded_pairs
from iirl_core.evaluation.judge import judge
from iirl_core.evaluation.resampling import Resampling
from iirl_core.evaluation.rewardbench import read_rewardbench, rewardbench
from iirl_core.evaluation.rewardbench2 import read_rewardbench2, rewardbench2
from iirl_core.evaluation.rm_bench import read_rm_bench, rm_bench
from iirl_core.evaluation.transfer import transfer
from iirl_core.records import parse_sides


def read_pair(document: object) -> GradedRow:
    """A comparison in any shape.

    Raises:
        InputError: it is none.
    """
    return GradedRow(parse_sides(document), 1)


@dataclass(frozen=True)
class GradedSuite:
    """A benchmark of right and wrong answers: how a decoded row is read, and what is made of the scores."""

    read: Callable[[object], GradedRow]
    measure: Measure[Graded]


GRADED: dict[str, GradedSuite] = {
    "pairs": GradedSuite(read_pair, partial(graded_pairs, suite="pairs")),
    "rewardbench": GradedSuite(read_rewardbench, rewardbench),
    "rewardbench2": GradedSuite(read_rewardbench2, rewardbench2),
    "rm_bench": GradedSuite(read_rm_bench, rm_bench),
}


def examine_graded(kind: str, name: str, graded: Graded, resampling: Resampling) -> list[Estimate]:
    """All figures of a graded suite, as ``KIND/NAME…``, and both baselines of each."""
    return _named(kind, name, _beside(GRADED[kind].measure, graded, graded.heads.shape[1], resampling))


def examine_judge(name: str, judged: Judged, resampling: Resampling) -> list[Estimate]:
    """``judge/NAME/…``: agreement and correlations, and both baselines of each."""
    found = _beside(judge, Frozen.of_judged(judged), judged.heads.shape[1], resampling)
    return _named("judge", name, found)


def examine_picks(name: str, judged: Judged, resampling: Resampling) -> list[Estimate]:
    """``best_of_n/NAME/…``: ``golden@N`` and ``win@N``, and both baselines of each; ``kl@N`` where one policy gave all
    answers.
    """
    heads = judged.heads.shape[1]
    golden = _beside(best_of_n, Frozen.of_judged(judged), heads, resampling)
    wins = _beside(picking_wins, judged, heads, resampling)
    bounds = picking_kl(Frozen.of_judged(judged), resampling)
    kl = [replace(one, name=one.name.replace("kl/best_of_n", "best_of_n/kl")) for one in bounds]
    return _named("best_of_n", name, [*golden, *wins, *kl])


def examine_transfer(name: str, judged: Judged, seen: Collection[str], resampling: Resampling) -> list[Estimate]:
    """``transfer/NAME/…``: agreement by whether the reward saw the policies, and both baselines of each (a random head
    that is told its better sign has no gap).
    """

    def measure(answers: Judged, draws: Resampling) -> list[Estimate]:
        return transfer(answers, seen, draws)

    found = _beside(measure, judged, judged.heads.shape[1], resampling)
    return _named("transfer", name, [estimate for estimate in found if estimate.name != "random/transfer/gap"])


def _beside(measure: Measure[Data], data: Data, heads: int, resampling: Resampling) -> list[Estimate]:
    return [
        *measure(data, resampling),
        *length_alone(measure, data, resampling),
        *heads_alone(measure, data, heads),
    ]


def _named(kind: str, name: str, estimates: list[Estimate]) -> list[Estimate]:
    """``kind/…`` becomes ``kind/NAME/…``, also after the name of a baseline."""
    named = []
    for estimate in estimates:
        before, _, after = estimate.name.partition(kind)
        named.append(replace(estimate, name=f"{before}{kind}/{name}{after}"))
    return named
