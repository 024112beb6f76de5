"""Covering points by balls: which of them are of one kind, decided by distance alone.

Farthest points first (Gonzalez 1985, "Clustering to minimize the maximum intercluster distance", within twice the best
radius), until every point is within reach of a centre. Then each centre moves to the point nearest to the mean of its
own, because the farthest points are outliers, and every point goes to its nearest centre.

Deterministic, without a seed and in memory of N: nothing of the pairwise distances is kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def cover(rows: NDArray[np.float32], reach: float, most: int) -> NDArray[np.int64]:
    """``[N, W]`` → ``[N]``, the cluster of each row, from 0 on, at most ``most`` ≥ 1 of them; none is empty. Where
    ``most`` are too few, clusters are as wide as they must be.
    """
    if not len(rows):
        return np.zeros(0, np.int64)
    points = rows.astype(np.float64)
    centres = [medoid(points)]
    nearest = distances(points, points[centres[0]])
    while len(centres) < most and nearest.max() > reach:
        centres.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, distances(points, points[centres[-1]]))
    own = _assigned(points, points[centres])
    moved = [members[medoid(points[members])] for members in map(np.flatnonzero, own == np.unique(own)[:, None])]
    return np.unique(_assigned(points, points[moved]), return_inverse=True)[1]


def medoid(points: NDArray[np.floating]) -> int:
    """The index of the point that is nearest to the mean; of equally near ones the first."""
    return int(distances(points, points.mean(axis=0)).argmin())


def farthest_first(points: NDArray[np.floating], count: int) -> list[int]:
    """Indices of at most ``count`` different points: the medoid, then again and again the point that is farthest from
    all that were taken. A sample that shows how different the points are, not how they are distributed.
    """
    chosen = [medoid(points)]
    nearest = distances(points, points[chosen[0]])
    while len(chosen) < count and nearest.max() > 0:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, distances(points, points[chosen[-1]]))
    return chosen


def distances(points: NDArray[np.floating], point: NDArray[np.floating]) -> NDArray[np.float64]:
    """``[N, W], [W]`` → ``[N]``."""
    return np.asarray(np.linalg.norm(points.astype(np.float64) - point, axis=1))


def _assigned(points: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.int64]:
    """The nearest centre of each point; of equally near ones the first."""
    best = np.full(len(points), np.inf)
    own = np.zeros(len(points), np.int64)
    for number, centre in enumerate(centres):
        away = distances(points, centre)
        own[away < best] = number
        best = np.minimum(best, away)
    return own
