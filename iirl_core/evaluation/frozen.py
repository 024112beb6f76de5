"""What the suites read: rewards that were computed once, of inputs that neither training nor patching saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iirl_core.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Group:
    """N inputs of one kind: ``rewards [N]`` in [0, 1], ``clusters [N]`` (equal numbers: not independent; shared between
    groups), ``lengths [N]`` (characters of an answer, steps of a trajectory).

    Raises:
        InputError: lengths differ, or a reward is not a number.
    """

    name: str
    rewards: Floats
    clusters: Ints
    lengths: Floats

    def __post_init__(self) -> None:
        if not len(self.rewards) == len(self.clusters) == len(self.lengths):
            raise InputError(
                f"group {self.name} of {len(self.rewards)} rewards, {len(self.clusters)} clusters", "one each"
            )
        if not np.isfinite(self.rewards).all():
            raise InputError(f"group {self.name} holds rewards that are not numbers", "numbers in [0, 1]")

    def __len__(self) -> int:
        return len(self.rewards)


@dataclass(frozen=True, eq=False)
class Frozen:
    """``demonstrations`` are the unseen ones; ``contrasts`` what they are told from (negatives, noisy copies).

    ``rows [R]`` are the rewards of the demonstrations' rows (steps of a trajectory, one per conversation),
    ``roots [R]`` what the unpatched root gave them, ``row_clusters [R]`` whose they are. ``pairs [P, 2]`` are the
    positions of answers to one prompt: in the demonstrations (chosen) and in the first contrast (rejected).
    """

    demonstrations: Group
    contrasts: tuple[Group, ...]
    rows: Floats
    roots: Floats
    row_clusters: Ints
    pairs: Ints

    def __post_init__(self) -> None:
        if not len(self.rows) == len(self.roots) == len(self.row_clusters):
            raise InputError(f"{len(self.rows)} row rewards and {len(self.roots)} of the root", "one each")
        if self.pairs.ndim != 2 or self.pairs.shape[1] != 2 or (len(self.pairs) and not self.contrasts):
            raise InputError(f"pairs of shape {list(self.pairs.shape)}", "[P, 2], with a contrast")


def pair_up(chosen: Sequence[str], rejected: Sequence[str]) -> Ints:
    """``[P, 2]`` positions with equal prompts, each position in at most one pair, in order."""
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for index in reversed(range(len(rejected))):
        waiting[rejected[index]].append(index)
    found = [(index, waiting[prompt].pop()) for index, prompt in enumerate(chosen) if waiting.get(prompt)]
    return np.array(found, dtype=np.int64).reshape(-1, 2)
