"""What remains of forgotten records in a reward: can they still be told from records that it never saw?

An attacker who has a record asks for its signal and guesses that it was learnt from where the signal is high
(membership inference; Yeom et al. 2018, arXiv 1709.01604). How well that guess does over forgotten and never-seen
records of the same kind is an AUROC: ½ where nothing tells them apart, 1 where everything does. The same is asked of
the parent, because where it could not be told before, there was little to forget. Records that stay may tell of those
that went, so that ½ is not always what exact forgetting comes to: a re-fit is also measured by how far its rewards are
away from those of the same retrained without them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iirl_core.errors import InputError
from iirl_core.evaluation.frozen import Floats, Ints
from iirl_core.evaluation.resampling import SHARE, Resampling
from iirl_core.evaluation.separation import auroc

NOTHING = 0.5
"""The AUROC of a guess."""
RESAMPLING = Resampling()


@dataclass(frozen=True, eq=False)
class Heard:
    """What one model says of N inputs: ``signals [N]`` and ``rewards [N]``; ``clusters [N]`` number those that are not
    independent of each other (answers to one prompt).

    Raises:
        InputError: lengths differ, or a number is not finite.
    """

    signals: Floats
    rewards: Floats
    clusters: Ints

    def __post_init__(self) -> None:
        if not len(self.signals) == len(self.rewards) == len(self.clusters):
            raise InputError(f"{len(self.signals)} signals, {len(self.rewards)} rewards", "as many")
        if not (np.isfinite(self.signals).all() and np.isfinite(self.rewards).all()):
            raise InputError("a signal or a reward that is not finite")

    def __len__(self) -> int:
        return len(self.signals)


@dataclass(frozen=True)
class Treatment:
    """How one model treats the forgotten, and what it never saw: mean signals and rewards, and the AUROC
    (``apart, low, high``, a 95% interval) of telling them apart by the signal.
    """

    forgotten_signal: float
    forgotten_reward: float
    never_signal: float
    never_reward: float
    apart: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.apart:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Remains:
    """Of ``forgotten`` records that were learnt from, against ``never`` ones that were not: how the parent told them
    apart, and how the child does.
    """

    forgotten: int
    never: int
    before: Treatment
    after: Treatment


def remains(
    before: tuple[Heard, Heard], after: tuple[Heard, Heard], resampling: Resampling = RESAMPLING
) -> Remains | None:
    """Each pair is what a model says of the forgotten and of never-seen records, the same inputs in both pairs. None
    where one side is empty: nothing can be told then.

    Raises:
        InputError: the pairs are of different inputs.
    """
    forgotten, never = _counted(before, after)
    if not forgotten or not never:
        return None
    return Remains(forgotten, never, _treatment(before, resampling), _treatment(after, resampling))


def _counted(one: tuple[Heard, Heard], other: tuple[Heard, Heard]) -> tuple[int, int]:
    counts, others = ((len(gone), len(never)) for gone, never in (one, other))
    if counts != others:
        raise InputError(f"{counts} and {others} forgotten and never-seen records", "the same ones")
    return counts


def _treatment(pair: tuple[Heard, Heard], resampling: Resampling) -> Treatment:
    gone, never = pair
    clusters = np.concatenate([gone.clusters, never.clusters])
    sides = np.repeat([0, 1], [len(gone), len(never)])
    area = auroc(gone.signals, never.signals)
    told = resampling.estimate("unlearning/apart", clusters, area, within=SHARE, parts=sides)
    return Treatment(
        forgotten_signal=_rounded(float(gone.signals.mean())),
        forgotten_reward=_rounded(float(gone.rewards.mean())),
        never_signal=_rounded(float(never.signals.mean())),
        never_reward=_rounded(float(never.rewards.mean())),
        apart=_rounded(told.value),
        low=_rounded(told.low),
        high=_rounded(told.high),
    )


def _rounded(number: float) -> float:
    """To six digits: the last bit of a float does not name an artifact."""
    return float(f"{number:.6g}")


@dataclass(frozen=True)
class Distance:
    """How far the rewards of two models are apart, on average: on the ``forgotten`` records, and on ``never``-seen
    ones, where they differ for other reasons (another start, another number of steps).
    """

    forgotten: float
    never: float


def distance(one: tuple[Heard, Heard], other: tuple[Heard, Heard]) -> Distance:
    """Mean absolute differences of rewards, of the same inputs in both pairs.

    Raises:
        InputError: there is nothing to compare, or the pairs are of different inputs.
    """
    if not all(_counted(one, other)):
        raise InputError("a distance on no records", "at least one of each kind")
    gaps = [float(np.abs(a.rewards - b.rewards).mean()) for a, b in zip(one, other, strict=True)]
    return Distance(_rounded(gaps[0]), _rounded(gaps[1]))
