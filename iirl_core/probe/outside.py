"""Outside: where a reward should be low, and the shortest way there.

With norms' regions, outside is inside a region: beyond its distance from its geometry and in its box, or past a bound
in the dimension that is nearest to its own. Without, it is away from the demonstrations: ``AWAY`` of their deviations
per √dimension.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KDTree

from iirl_core.norm.region import Bounds, Region
from iirl_core.probe.material import Material

AWAY = 0.75
MARGIN = 1e-3
"""How far past a region's edge a point is put, relative to the region's distance."""
STEPS = 4


def push_outside(points: NDArray[np.float64], material: Material) -> NDArray[np.float64]:
    """``[N, P]`` → the points, moved outside where they were not; other dimensions than a region's stay as they are.
    Of no points nothing is moved.
    """
    if not len(points):
        return points
    if not material.regions:
        reach = np.full(len(points), AWAY * np.sqrt(points.shape[1]))
        return np.clip(push_away(points, reach, material), *material.box)
    moved = points.copy()
    # Regions take turns, so that each is probed; of few points not every region gets one.
    for turn, region in enumerate(material.regions[: len(points)]):
        part = slice(turn, None, len(material.regions))
        states = points[part, : region.width]
        if isinstance(region, Bounds):
            moved[part, : region.width] = _past_bounds(states, region)
        else:
            moved[part, : region.width] = _into_region(states, region)
    return moved


def drawn_outside(rng: np.random.Generator, count: int, material: Material) -> NDArray[np.float64]:
    """``[count, P]``: uniform over the box, moved outside: where searches start."""
    low, high = material.box
    return push_outside(rng.uniform(low, high, size=(count, len(low))), material)


def _into_region(points: NDArray[np.float64], region: Region) -> NDArray[np.float64]:
    unit, reach = region.units, np.full(len(points), region.beyond * (1 + MARGIN))
    for _ in range(STEPS):
        points = np.clip(points, region.low, region.high)
        points = _retreat(points / unit, region.geometry / unit, region.tree, reach) * unit
    return np.clip(points, region.low, region.high)


def _past_bounds(points: NDArray[np.float64], bounds: Bounds) -> NDArray[np.float64]:
    """Points inside all bounds leave by the nearest one, in ranges of its dimension."""
    reach = bounds.reach
    edges = np.concatenate([bounds.low - MARGIN * reach, bounds.high + MARGIN * reach])
    room = np.concatenate([points - bounds.low, bounds.high - points], axis=1) / np.tile(reach, 2)
    nearest, inside = room.argmin(axis=1), np.flatnonzero((room >= 0).all(axis=1))
    moved = points.copy()
    moved[inside, nearest[inside] % bounds.width] = edges[nearest[inside]]
    return moved


def push_away(points: NDArray[np.float64], reach: NDArray[np.float64], material: Material) -> NDArray[np.float64]:
    """``[N, P]`` → points that are at least ``reach [N]`` (in deviations) from every demonstration. Those that retreats
    only toss between demonstrations (inside a bend) leave the demonstrations' ball straight from its centre.
    """
    scaled, known = points / material.scale, material.points / material.scale
    for _ in range(STEPS):
        scaled = _retreat(scaled, known, material.tree, reach)
    caught = material.tree.query(scaled, k=1)[0][:, 0] < reach * (1 - 1e-6)
    centre = known.mean(axis=0)
    ray = points / material.scale - centre
    ray /= np.maximum(np.linalg.norm(ray, axis=1, keepdims=True), 1e-9)
    clear = centre + ray * (np.linalg.norm(known - centre, axis=1).max() + reach)[:, None]
    return np.where(caught[:, None], clear, scaled) * material.scale


def _retreat(
    points: NDArray[np.float64], known: NDArray[np.float64], tree: KDTree, reach: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Points nearer than ``reach`` to their nearest known point move straight away from it, to that distance."""
    distances, nearest = tree.query(points, k=1)
    distance, anchor = distances[:, 0], known[nearest[:, 0]]
    away = points - anchor
    # On top of a known point any direction is away; the first axis is as good as another.
    away[distance < 1e-9, 0] = 1.0
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    return np.where((distance < reach)[:, None], anchor + away * reach[:, None], points)
