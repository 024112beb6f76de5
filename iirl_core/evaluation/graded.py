"""Graded answers: what a benchmark says is right and wrong, and what the reward says of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iirl_core.canonical import digest_json
from iirl_core.demonstration import Conversation
from iirl_core.errors import InputError
from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Answers, Floats, Ints
from iirl_core.evaluation.pairs import MATCHES, matched, preferred
from iirl_core.evaluation.resampling import Resampling
from iirl_core.evaluation.row_facts import RowFacts, clusters_of, in_order, prompt_digest


@dataclass(frozen=True)
class GradedRow:
    """One row of a benchmark's file: answers to one prompt, of which the first ``right`` are right and the rest wrong.
    ``subset`` and ``key`` are what the benchmark calls the part that the row is of, and the row.

    Raises:
        InputError: there is no right or no wrong answer.
    """

    answers: tuple[Conversation, ...]
    right: int
    subset: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.right < len(self.answers):
            raise InputError(f"{self.right} right answers of {len(self.answers)}", "at least one right and one wrong")

    def facts(self) -> RowFacts:
        """What is kept of it once its answers are scored."""
        said = tuple(answer.answer for answer in self.answers)
        return RowFacts(
            prompt=prompt_digest(self.answers[0]),
            identity=digest_json([self.subset, self.key, list(said)]),
            lengths=tuple(map(len, said)),
            right=self.right,
            equal=not set(said[: self.right]).isdisjoint(said[self.right :]),
            subset=self.subset,
            key=self.key,
        )


@dataclass(frozen=True, eq=False)
class Graded:
    """R rows and their A answers, a row's beside each other, the right ones first: ``sizes [R]`` answers, of which
    ``right [R]`` are right; ``clusters [R]`` number the prompts; ``subsets`` and ``keys`` (R each) as a GradedRow's.
    ``rewards [A]``, ``lengths [A]`` and ``heads [A, H]`` as a Group has them.

    Raises:
        InputError: lengths differ, or a reward is not a number.
    """

    rewards: Floats
    lengths: Floats
    heads: Floats
    sizes: Ints
    right: Ints
    clusters: Ints
    subsets: tuple[str, ...]
    keys: tuple[str, ...]

    def __post_init__(self) -> None:
        rows = {len(self.sizes), len(self.right), len(self.clusters), len(self.subsets), len(self.keys)}
        answers = {len(self.rewards), len(self.lengths), len(self.heads), int(self.sizes.sum())}
        if len(rows) != 1 or len(answers) != 1:
            raise InputError(f"graded rows of {sorted(rows)}, answers of {sorted(answers)}", "one number each")
        if not np.isfinite(self.rewards).all():
            raise InputError("graded answers hold rewards that are not numbers", "numbers")

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def starts(self) -> Ints:
        """``[R]``: where each row's answers begin."""
        return np.cumsum(self.sizes) - self.sizes

    @property
    def is_right(self) -> NDArray[np.bool_]:
        """``[A]``."""
        place = np.arange(len(self.rewards)) - np.repeat(self.starts, self.sizes)
        return place < np.repeat(self.right, self.sizes)

    def scored_by(self, scores: Callable[[Answers], Floats]) -> Graded:
        """The same answers with other scores in the rewards' place."""
        return replace(self, rewards=scores(self))

    def of(self, kept: NDArray[np.bool_]) -> Graded:
        """The rows that ``kept [R]`` marks."""
        answers = np.repeat(kept, self.sizes)
        names = [(subset, key) for subset, key, keep in zip(self.subsets, self.keys, kept, strict=True) if keep]
        return Graded(
            rewards=self.rewards[answers],
            lengths=self.lengths[answers],
            heads=self.heads[answers],
            sizes=self.sizes[kept],
            right=self.right[kept],
            clusters=self.clusters[kept],
            subsets=tuple(subset for subset, _ in names),
            keys=tuple(key for _, key in names),
        )

    def duels(self) -> tuple[Ints, Ints, Ints]:
        """``[P]`` each: the row, and the positions of a right and of a wrong answer of it, for every such pair."""
        wrong = self.sizes - self.right
        counts = self.right * wrong
        rows = np.repeat(np.arange(len(self)), counts)
        place = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        starts = self.starts[rows]
        return rows, starts + place // wrong[rows], starts + self.right[rows] + place % wrong[rows]


def graded_of(facts: Sequence[RowFacts], rewards: Floats, heads: Floats) -> Graded:
    """``rewards [A]`` and ``heads [A, H]`` of all answers, in the rows' order. The rows are put into an order of their
    own: nothing depends on that of the file.
    """
    order = in_order(facts)
    sizes = np.array([len(row.lengths) for row in facts], np.int64)
    starts = np.cumsum(sizes) - sizes
    places = np.concatenate([np.zeros(0, np.int64), *(starts[row] + np.arange(sizes[row]) for row in order)])
    rows = [facts[row] for row in order]
    return Graded(
        rewards=rewards[places],
        lengths=np.array([length for row in rows for length in row.lengths], np.float64),
        heads=heads[places],
        sizes=sizes[order],
        right=np.array([row.right for row in rows], np.int64),
        clusters=clusters_of(rows),
        subsets=tuple(row.subset for row in rows),
        keys=tuple(row.key for row in rows),
    )


def graded_pairs(graded: Graded, resampling: Resampling, suite: str) -> list[Estimate]:
    """``SUITE``: the share of pairs of a right and a wrong answer to one prompt in which the right one has the higher
    reward, equal rewards counting half; ``SUITE@25%`` and ``@10%``: of the pairs whose lengths differ by less.
    """
    rows, first, second = graded.duels()
    won = preferred(graded.rewards[first], graded.rewards[second])
    found = []
    for suffix, share in MATCHES.items():
        kept = matched(graded.lengths[first], graded.lengths[second], share)
        if kept.any():
            found.append(resampling.share(f"{suite}{suffix}", graded.clusters[rows[kept]], won[kept]))
    return found


def index_of(names: Sequence[str], among: Sequence[str]) -> Ints:
    """``[R]``: the position of each name in ``among``, −1 where it is not there."""
    places = {name: index for index, name in enumerate(among)}
    return np.array([places.get(name, -1) for name in names], np.int64)


def subset_means(values: Floats, subsets: Ints, count: int, weights: Floats) -> Floats:
    """``[count]``: the weighted mean of ``values [R]`` in each subset; NaN where it has no weight."""
    totals = np.bincount(subsets, weights=weights, minlength=count)
    sums = np.bincount(subsets, weights=weights * values, minlength=count)
    return divided(sums, totals)


def divided(sums: NDArray[np.number], totals: NDArray[np.number]) -> Floats:
    """``sums/totals``, NaN where a total is 0."""
    return np.asarray(np.divide(sums, totals, out=np.full(len(sums), np.nan), where=totals > 0))
