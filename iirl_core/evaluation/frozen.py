"""What the suites read: rewards that were computed once, of inputs that neither training nor patching saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iirl_core.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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
class Frozen:
    """``demonstrations`` are the unseen ones; ``contrasts`` what they are told from (negatives, noisy copies).

    ``rows [R]`` are the rewards of the demonstrations' rows (steps of a trajectory, one per conversation),
    ``roots [R]`` what the unpatched root gave them, ``row_clusters [R]`` whose they are. ``pairs`` has, for each
    contrast, ``[P, 2]`` positions of answers to one prompt: in the demonstrations and in that contrast.

    Raises:
        InputError: lengths differ, or there is not one array of pairs per contrast.
    """

    demonstrations: Group
    contrasts: tuple[Group, ...]
    rows: Floats
    roots: Floats
    row_clusters: Ints
    pairs: tuple[Ints, ...]

    def __post_init__(self) -> None:
        if not len(self.rows) == len(self.roots) == len(self.row_clusters):
            raise InputError(f"{len(self.rows)} row rewards and {len(self.roots)} of the root", "one each")
        shapes = [list(pairs.shape) for pairs in self.pairs]
        if len(shapes) != len(self.contrasts) or any(len(shape) != 2 or shape[1] != 2 for shape in shapes):
            raise InputError(f"pairs of shapes {shapes} for {len(self.contrasts)} contrasts", "[P, 2] for each")

    def scored_by(self, scores: Callable[[Group], Floats]) -> Frozen:
        """The same inputs with other scores in the rewards' place: what a suite would say of those."""

        def scored(group: Group) -> Group:
            return replace(group, rewards=scores(group))

        contrasts = tuple(scored(contrast) for contrast in self.contrasts)
        return replace(self, demonstrations=scored(self.demonstrations), contrasts=contrasts)

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
