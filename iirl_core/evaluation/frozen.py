"""What the suites read: rewards that were computed once, of inputs that neither training nor patching saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from iirl_core.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Answers(Protocol):
    """What any score of N inputs can be made of: ``lengths [N]`` and ``heads [N, H]`` as a Group has them."""

    @property
    def lengths(self) -> Floats:
        """``[N]``."""

    @property
    def heads(self) -> Floats:
        """``[N, H]``."""


@dataclass(frozen=True, eq=False)
class Group:
    """N inputs of one kind: ``rewards [N]`` in [0, 1], ``clusters [N]`` (equal numbers: not independent; shared between
    groups), ``lengths [N]`` (characters of an answer, steps of a trajectory), ``heads [N, H]`` (what H random heads
    over the encoder say). ``copies``: they are noisy copies of the demonstrations, of the same lengths.

    Raises:
        InputError: lengths differ, or a reward is not a number.
    """

    name: str
    rewards: Floats
    clusters: Ints
    lengths: Floats
    heads: Floats
    copies: bool = False

    def __post_init__(self) -> None:
        if not len(self.rewards) == len(self.clusters) == len(self.lengths) == len(self.heads):
            raise InputError(
                f"group {self.name} of {len(self.rewards)} rewards, {len(self.clusters)} clusters", "one each"
            )
        if not np.isfinite(self.rewards).all():
            raise InputError(f"group {self.name} holds rewards that are not numbers", "numbers in [0, 1]")

    def __len__(self) -> int:
        return len(self.rewards)


@dataclass(frozen=True, eq=False)
class Judged:
    """N answers: ``rewards [N]``; ``golden [N]`` (the probability that a judge prefers the answer to a fixed one, or
    another scorer's score, on its own scale); ``clusters [N]`` number the prompts; ``policies [N]`` index ``names``;
    ``lengths [N]`` and ``heads [N, H]`` as a Group has them.

    Raises:
        InputError: lengths differ, a reward or a golden score is not a number, or a policy has no name.
    """

    names: tuple[str, ...]
    policies: Ints
    rewards: Floats
    golden: Floats
    clusters: Ints
    lengths: Floats
    heads: Floats

    def __post_init__(self) -> None:
        columns = (self.policies, self.golden, self.clusters, self.lengths, self.heads)
        if any(len(column) != len(self.rewards) for column in columns):
            raise InputError(f"{len(self.rewards)} rewards of judged answers", "one of everything each")
        if not (np.isfinite(self.rewards).all() and np.isfinite(self.golden).all()):
            raise InputError("a reward or a golden score that is not a number", "numbers")
        if len(self.policies) and not 0 <= self.policies.min() <= self.policies.max() < len(self.names):
            raise InputError(f"an answer of a policy without a name among {len(self.names)}", "an index of names")

    def __len__(self) -> int:
        return len(self.rewards)

    def scored_by(self, scores: Callable[[Answers], Floats]) -> Judged:
        """The same answers with other scores in the rewards' place."""
        return replace(self, rewards=scores(self))


@dataclass(frozen=True, eq=False)
class Frozen:
    """``demonstrations`` are the unseen ones; ``contrasts`` what they are told from (negatives, noisy copies).

    ``rows [R]`` are the rewards of the demonstrations' rows (steps of a trajectory, one per conversation),
    ``roots [R]`` what the last training gave them, unpatched, ``row_clusters [R]`` whose they are. ``pairs`` has, for
    each contrast, ``[P, 2]`` positions of answers to one prompt: in the demonstrations and in that contrast. ``judged``
    are answers with a golden score, where there are any.

    Raises:
        InputError: lengths differ, or there is not one array of pairs per contrast.
    """

    demonstrations: Group
    contrasts: tuple[Group, ...]
    rows: Floats
    roots: Floats
    row_clusters: Ints
    pairs: tuple[Ints, ...]
    judged: Judged | None = None

    def __post_init__(self) -> None:
        if not len(self.rows) == len(self.roots) == len(self.row_clusters):
            raise InputError(f"{len(self.rows)} row rewards and {len(self.roots)} of the root", "one each")
        shapes = [list(pairs.shape) for pairs in self.pairs]
        if len(shapes) != len(self.contrasts) or any(len(shape) != 2 or shape[1] != 2 for shape in shapes):
            raise InputError(f"pairs of shapes {shapes} for {len(self.contrasts)} contrasts", "[P, 2] for each")

    @classmethod
    def of_judged(cls, judged: Judged) -> Frozen:
        """Judged answers alone."""
        none = Group("demonstrations", np.zeros(0), np.zeros(0, np.int64), np.zeros(0), judged.heads[:0])
        return cls(none, (), none.rewards, none.rewards, none.clusters, (), judged)

    def scored_by(self, scores: Callable[[Answers], Floats]) -> Frozen:
        """The same inputs with other scores in the rewards' place: what a suite would say of those."""
        shown = replace(self.demonstrations, rewards=scores(self.demonstrations))
        contrasts = tuple(replace(contrast, rewards=scores(contrast)) for contrast in self.contrasts)
        judged = None if self.judged is None else self.judged.scored_by(scores)
        return replace(self, demonstrations=shown, contrasts=contrasts, judged=judged)

    def without_copies(self) -> Frozen:
        """Without the noisy copies."""
        kept = [index for index, contrast in enumerate(self.contrasts) if not contrast.copies]
        contrasts = tuple(self.contrasts[index] for index in kept)
        return replace(self, contrasts=contrasts, pairs=tuple(self.pairs[index] for index in kept))


def pair_up(chosen: Sequence[str], rejected: Sequence[str]) -> Ints:
    """``[P, 2]`` positions with equal prompts, each position in at most one pair, in order."""
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for index in reversed(range(len(rejected))):
        waiting[rejected[index]].append(index)
    found = [(index, waiting[prompt].pop()) for index, prompt in enumerate(chosen) if waiting.get(prompt)]
    return np.array(found, dtype=np.int64).reshape(-1, 2)
