"""Other distances of an episode's occupancy from the demonstrations' than the family has, to set beside it: on the same
standardised rows, with the same absorbing steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from benchmarks.ars import Episode, Floats, Judge
from iirl_core.demonstration import Input, Trajectory
from iirl_core.encoder.protocol import Encoder

SHOWN, ASKED = 256, 128
"""Rows of the demonstrations and of an episode that are looked at, evenly spaced."""
SMOOTHING = 0.05
"""Sinkhorn's ε as a share of the mean squared distance of two demonstrated rows."""
ROUNDS, CLOSE = 200, 1e-4
"""Sinkhorn's rounds end when no potential, in units of ε, moves further."""

Sample = tuple[Floats, Floats]
"""Rows ``[N, D]`` and their weights ``[N]``, of sum 1."""


def distance_judge(encoder: Encoder, shown: Sequence[Input], distance: Callable[[Sample, Sample], float]) -> Judge:
    """Minus the ``distance``, a square, of an episode from the demonstrations; one that ended goes on as the family's
    does: roots are averaged over its own steps and those that it lacks.
    """
    rows = encoder.encode(shown).z.double().numpy()
    rows = rows[_evenly(len(rows), SHOWN)]
    target = _alike(rows)

    def judge(episodes: Sequence[Episode]) -> Floats:
        encoded = encoder.encode([Trajectory(one.observations, one.actions, one.terminal) for one in episodes])
        parts = [part.double().numpy() for part in encoded.z.split(encoded.lengths)]
        absorbed = encoded.absorbed or (0,) * len(parts)
        return np.array([-_with_end(*each) for each in zip(parts, absorbed, strict=True)])

    def _with_end(rows: Floats, absorbed: int) -> float:
        own = _root(distance(_alike(rows[_evenly(len(rows), ASKED)]), target))
        if not absorbed:
            return own**2
        alive = len(rows) / (len(rows) + absorbed)
        return (alive * own + (1 - alive) * _root(distance(_alike(rows[:1]), target))) ** 2

    return judge


def _alike(rows: Floats) -> Sample:
    return rows, np.full(len(rows), 1 / len(rows))


def _root(square: float) -> float:
    return float(np.sqrt(max(square, 0.0)))


def _evenly(count: int, most: int) -> Floats:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def energy(one: Sample, other: Sample) -> float:
    """``2·E‖x − y‖ − E‖x − x′‖ − E‖y − y′‖`` (Székely and Rizzo 2013): an MMD in the kernel −‖x − y‖, without a width
    (Sejdinovic et al. 2013).
    """
    between, within, among = (
        float(left[1] @ cdist(left[0], right[0]) @ right[1])
        for left, right in ((one, other), (one, one), (other, other))
    )
    return 2 * between - within - among


def sinkhorn(one: Sample, other: Sample) -> float:
    """``W_ε(x, y) − W_ε(x, x)/2 − W_ε(y, y)/2`` (Genevay, Peyré and Cuturi 2018) with W_ε the squared distance that the
    entropic plan moves rows.
    """
    width = float(other[1] @ cdist(other[0], other[0], "sqeuclidean") @ other[1])
    pairs = ((one, other), (one, one), (other, other))
    between, within, among = (_moved(left, right, SMOOTHING * width) for left, right in pairs)
    return between - within / 2 - among / 2


def _moved(one: Sample, other: Sample, smoothing: float) -> float:
    """``Σ P·C`` of the plan P that Sinkhorn's rounds end with, on logarithms (Peyré and Cuturi 2019, §4.4)."""
    costs = cdist(one[0], other[0], "sqeuclidean")
    kernel, left, right = -costs / smoothing, np.log(one[1]), np.log(other[1])
    up, down = np.zeros(len(left)), np.zeros(len(right))
    for _ in range(ROUNDS):
        before = up
        up = left - logsumexp(kernel + down, axis=1)
        down = right - logsumexp(kernel + up[:, None], axis=0)
        if np.abs(up - before).max() < CLOSE:
            break
    return float((np.exp(kernel + up[:, None] + down) * costs).sum())
