"""Situations: kinds of input, found where the demonstrations lie, by which an audit counts what it asked.

The model's own support (at most 512 demonstrations in whitened coordinates) is cut into regions by k-means (Lloyd
1982), and any input belongs to the nearest. So an artifact says by itself what its situations are: nothing has to be
encoded for it, and a patched child has its parent's. What lies farther from the demonstrations than held-out ones do is
*uncovered*: no demonstration shows what is right there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from iirl_core.reward_model import Support

UNKNOWN = -1
"""The situation of what was kept before situations were counted, and of what has no place."""
SITUATIONS = 8
EDGE = 0.5
"""Of the distance from the support: that of the 0.99 quantile of held-out demonstrations."""
DECIMALS = 3
"""Centres are rounded, so that the last bits of a sum change no situation."""
LARGEST = 1e12
"""Of a whitened coordinate: the squares of larger ones, summed in float32, are soon no numbers any more."""


def has_place(whitened: NDArray[np.float32]) -> NDArray[np.bool_]:
    """``[N, W]`` → ``[N]``: whether each row lies anywhere: it holds only numbers, none above ``LARGEST``."""
    return np.asarray((np.abs(whitened) < LARGEST).all(axis=1), dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Placed:
    """Of N rows: ``number [N]`` of their situations, from 0; whether each is ``uncovered [N]``; and ``apart [N]``, how
    far it lies from the nearest centre. What has no place is in the situation ``UNKNOWN``, uncovered, and infinitely
    far away.
    """

    number: NDArray[np.int64]
    uncovered: NDArray[np.bool_]
    apart: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Situations:
    """``centres [S, W]`` in whitened coordinates, S ≥ 1, and the ``support`` that they were cut from."""

    centres: NDArray[np.float64]
    support: Support

    @classmethod
    def fit(cls, support: Support, count: int = SITUATIONS) -> Situations:
        """At most ``count`` of them, the largest first; deterministic."""
        points = support.points.double().numpy()
        most = min(count, len(np.unique(points, axis=0)))
        found = KMeans(most, n_init=4, random_state=0).fit(points)
        sizes = np.bincount(found.labels_, minlength=most)
        return cls(found.cluster_centers_[np.argsort(-sizes, kind="stable")].round(DECIMALS), support)

    def __len__(self) -> int:
        return len(self.centres)

    def place(self, whitened: NDArray[np.float32]) -> Placed:
        """Rows ``[N, W]``."""
        there = has_place(whitened)
        rows = np.where(there[:, None], whitened, np.float32(0))
        away = self.support.distance(torch.from_numpy(rows)).numpy()
        apart = np.linalg.norm(rows[:, None].astype(np.float64) - self.centres, axis=2)
        return Placed(
            np.where(there, apart.argmin(axis=1), UNKNOWN),
            ~there | (away >= EDGE),
            np.where(there, apart.min(axis=1).round(DECIMALS), np.inf),
        )
