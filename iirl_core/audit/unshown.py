"""Unshown: kinds of situation that an audit asked about and no demonstration shows.

Situations are cut from the demonstrations, so an input that is like none of them falls into whichever lies nearest.
What lies where no demonstration does is therefore kept apart: a bounded, uniform sample of it (bottom-k, as the
reservoir of audited points, so that neither order nor workers change it), which k-means (Lloyd 1982) cuts into kinds.
"""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from iirl_core.audit.example import example_of
from iirl_core.probe import Probe

SAMPLE = 256
KINDS = 6
DECIMALS = 3
NAMED = 3
"""Families that are named of a kind."""


@dataclass(frozen=True, order=True)
class Stranger:
    """The first input of one probe: the ``family`` that first asked it, its place, ``point [W]`` in whitened
    coordinates, and its ``text`` for readers; ``key`` in [0, 1) follows from the probe's label.
    """

    key: float
    family: str
    point: tuple[float, ...]
    text: str

    @classmethod
    def of(cls, probe: Probe, point: NDArray[np.float32]) -> Stranger:
        """Numbers are rounded: the last bits of a row depend on its batch."""
        key = int.from_bytes(hashlib.sha256(probe.label.encode()).digest()[:6]) / 2**48
        place = tuple(float(number) for number in point.astype(np.float64).round(DECIMALS))
        return cls(key, probe.origin, place, example_of(0, 0.0, probe.inputs[0]).text)


@dataclass(frozen=True)
class Strangers:
    """``count`` questions whose first input lies where no demonstration does, and a ``sample`` of them, in the order of
    their keys.
    """

    count: int = 0
    sample: tuple[Stranger, ...] = ()

    @staticmethod
    def merge(parts: Iterable[Strangers]) -> Strangers:
        """Of all parts; associative, and the order of ``parts`` changes nothing."""
        parts = tuple(parts)
        every = sorted(one for part in parts for one in part.sample)
        return Strangers(sum(part.count for part in parts), tuple(every[:SAMPLE]))


@dataclass(frozen=True)
class Unshown:
    """About ``questions`` of an audit are of one kind that no demonstration shows; ``families`` asked them, those that
    asked most first; ``text`` is the one nearest to their middle.
    """

    questions: int
    families: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.text} (about {self.questions:,} questions of {', '.join(self.families)})"


def kinds_of(strangers: Strangers) -> tuple[Unshown, ...]:
    """At most ``KINDS``, the largest first; deterministic."""
    sample = strangers.sample
    if not sample:
        return ()
    points = np.array([one.point for one in sample])
    most = min(KINDS, len(np.unique(points, axis=0)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer kinds, where some lie very far from the others
        cut = KMeans(most, n_init=4, random_state=0).fit(points)
    apart = np.linalg.norm(points - cut.cluster_centers_[cut.labels_], axis=1)
    kinds = []
    for number in np.unique(cut.labels_):
        mine = np.flatnonzero(cut.labels_ == number)
        families = Counter(sample[index].family for index in mine)
        middle = sample[min(mine, key=lambda index: (apart[index].round(DECIMALS), sample[index].text))]
        share = round(strangers.count * len(mine) / len(sample))
        kinds.append(
            Unshown(share, tuple(sorted(families, key=lambda name: (-families[name], name))[:NAMED]), middle.text)
        )
    return tuple(sorted(kinds, key=lambda kind: (-kind.questions, kind.text)))
