"""Spoilt walks: backwards, in no order, off their course."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iirl_core.demonstration import Conversation, Input, Trajectory

NOISE = (0.5, 2.0)
"""Standard deviations of a trajectory's own spread."""


def time_reversed(item: Input, rng: np.random.Generator, pool: Sequence[Conversation]) -> Input | None:  # noqa: ARG001
    """The steps from the last to the first. Says something only to an encoder that reads more than one step."""
    return None if not isinstance(item, Trajectory) else _reordered(item, np.arange(len(item))[::-1])


def permuted(item: Input, rng: np.random.Generator, pool: Sequence[Conversation]) -> Input | None:  # noqa: ARG001
    """The steps in no order. Says something only to an encoder that reads more than one step."""
    return None if not isinstance(item, Trajectory) else _reordered(item, rng.permutation(len(item)))


def noised(item: Input, rng: np.random.Generator, pool: Sequence[Conversation]) -> Input | None:  # noqa: ARG001
    """Gaussian noise on the observations, and on the actions where there are some."""
    if not isinstance(item, Trajectory):
        return None
    size = rng.uniform(*NOISE)

    def shaken(values: NDArray[np.float32]) -> NDArray[np.float32]:
        noise = rng.standard_normal(values.shape) * size * values.std(axis=0)
        return np.asarray(values + noise, np.float32)

    actions = None if item.actions is None else shaken(item.actions)
    return Trajectory(shaken(item.observations), actions, item.terminal)


def _reordered(item: Trajectory, order: NDArray[np.int64]) -> Trajectory | None:
    if len(item) < 2:
        return None
    actions = None if item.actions is None else item.actions[order]
    return Trajectory(item.observations[order], actions)
