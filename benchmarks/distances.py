"""Other distances of an episode's occupancy from the demonstrations' than the family has, to set beside it: on the same
standardised rows, with the same absorbing steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from iirl_core.demonstration import Input, Trajectory
from iirl_core.encoder.protocol import Encoder
from iirl_core.optimiser.ars import Episode, Floats, Judge

SHOWN, ASKED = 200, 100
"""Rows of the demonstrations and of an episode that are looked at, evenly spaced."""
SMOOTHING = 0.05
"""Sinkhorn's ε as a share of the mean squared distance of two demonstrated rows."""
ROUNDS, CLOSE = 100, 1e-3
"""Sinkhorn's rounds end when no potential, in units of ε, moves further."""

Sample = tuple[Floats, Floats]
"""Rows ``[N, D]`` and their weights ``[N]``, of sum 1."""


Effort = Callable[[Sample, Sample, float], float]
"""What it takes to go from one sample to another, W; the number is the mean squared distance of demonstrated rows."""


def distance_judge(encoder: Encoder, shown: Sequence[Input], effort: Effort) -> Judge:
    """Minus how far an episode is from the demonstrations, ``W(x, y) − W(x, x)/2 − W(y, y)/2``; one that ended goes on
    as the family's does: roots are averaged over its own steps and those that it lacks.
    """
    rows = encoder.encode(shown).z.double().numpy()
    target = _alike(rows[_evenly(len(rows), SHOWN)])
    width = float(cdist(target[0], target[0], "sqeuclidean").mean())
    among = effort(target, target, width)

    def apart(rows: Floats) -> float:
        one = _alike(rows)
        square = effort(one, target, width) - (effort(one, one, width) + among) / 2
        return float(np.sqrt(max(square, 0.0)))

    def judge(episodes: Sequence[Episode]) -> Floats:
        encoded = encoder.encode([Trajectory(one.observations, one.actions, one.terminal) for one in episodes])
        parts = [part.double().numpy() for part in encoded.z.split(encoded.lengths)]
        absorbed = encoded.absorbed or (0,) * len(parts)
        return np.array([-_with_end(*each) for each in zip(parts, absorbed, strict=True)])

    def _with_end(rows: Floats, absorbed: int) -> float:
        own = apart(rows[_evenly(len(rows), ASKED)])
        if not absorbed:
            return own**2
        alive = len(rows) / (len(rows) + absorbed)
        return (alive * own + (1 - alive) * apart(rows[:1])) ** 2

    return judge


def _alike(rows: Floats) -> Sample:
    return rows, np.full(len(rows), 1 / len(rows))


def _evenly(count: int, most: int) -> Floats:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def energy(one: Sample, other: Sample, width: float) -> float:  # noqa: ARG001 - it has none
    """``E‖x − y‖``: half the energy distance (Székely and Rizzo 2013) comes of it, an MMD in the kernel −‖x − y‖, which
    has no width (Sejdinovic et al. 2013).
    """
    return float(one[1] @ cdist(one[0], other[0]) @ other[1])


def sinkhorn(one: Sample, other: Sample, width: float) -> float:
    """``Σ P·C``, the squared distance that rows are moved by the entropic plan P, which Sinkhorn's rounds end with, on
    logarithms (Peyré and Cuturi 2019, §4.4): Sinkhorn's divergence (Genevay, Peyré and Cuturi 2018) comes of it.
    """
    costs = cdist(one[0], other[0], "sqeuclidean")
    kernel, left, right = -costs / (SMOOTHING * width), np.log(one[1]), np.log(other[1])
    up, down = np.zeros(len(left)), np.zeros(len(right))
    for _ in range(ROUNDS):
        before = up
        up = left - logsumexp(kernel + down, axis=1)
        down = right - logsumexp(kernel + up[:, None], axis=0)
        if np.abs(up - before).max() < CLOSE:
            break
    return float((np.exp(kernel + up[:, None] + down) * costs).sum())
