"""What a row of a trajectory holds: s, (s, a), (s, a, s′), (s, s′ − s), or a window of states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iirl_core.config.rows import ACTING, RowKind
from iirl_core.demonstration import Input, Trajectory
from iirl_core.errors import InputError


def state_columns(rows: RowKind, observations: int, actions: int, window: int = 1) -> tuple[int, ...]:
    """Where each state of a row begins in it."""
    if rows == "transitions":
        return 0, observations + actions
    return tuple(range(0, window * observations, observations)) if rows == "windows" else (0,)


def sight_of(rows: RowKind, step: int, length: int, window: int = 1) -> range:
    """The steps whose states the row of ``step`` looks at, in a trajectory of ``length`` steps, so that of these alone
    (``stretch_of``) the same row is made; ``window`` is the number of states in a window.

    Example:
        >>> sight_of("windows", 2, 10, window=3), sight_of("changes", 9, 10)
        (range(2, 5), range(8, 10))
    """
    if rows == "changes" and step == length - 1:  # the last change is the one before it
        return range(max(step - 1, 0), length)
    reach = {"states": 1, "state-actions": 1, "transitions": 2, "changes": 2, "windows": window}[rows]
    return range(step, min(step + reach, length))


def stretch_of(trajectory: Trajectory, steps: range) -> Trajectory:
    """``steps`` of it, one after the other; terminal where they end as it does."""
    part = slice(steps.start, steps.stop)
    actions = None if trajectory.actions is None else trajectory.actions[part]
    return Trajectory(
        trajectory.observations[part], actions, terminal=trajectory.terminal and steps.stop == len(trajectory)
    )


def dimensions_of(trajectory: Trajectory, rows: RowKind) -> tuple[int, int]:
    """Observation and action dimensions that rows of this kind use (no actions for states, changes and windows)."""
    actions = 0 if rows not in ACTING or trajectory.actions is None else trajectory.actions.shape[1]
    return trajectory.observations.shape[1], actions


def trajectory_of(item: Input, rows: RowKind) -> Trajectory:
    """The input, if rows of this kind can be made of it.

    Raises:
        InputError: it is a conversation, or has no actions where rows hold them.
    """
    if not isinstance(item, Trajectory):
        raise InputError("a conversation, given to a model of trajectories", "observations")
    if rows in ACTING and item.actions is None:
        raise InputError("a trajectory without actions", f"actions: this model reads {rows}")
    return item


def rows_of(trajectory: Trajectory, rows: RowKind, window: int = 1) -> NDArray[np.float32]:
    """``[T, D]``, not standardised: one a step."""
    states, actions = trajectory.observations, trajectory.actions
    if rows == "changes":
        return np.concatenate([states, _changes(states)], axis=1)
    if rows == "windows":
        return _windows(states, window)
    if rows == "states" or actions is None:
        return states
    if rows == "state-actions":
        return np.concatenate([states, actions], axis=1)
    return np.concatenate([states, actions, np.concatenate([states[1:], states[-1:]])], axis=1)


def _changes(states: NDArray[np.float32]) -> NDArray[np.float32]:
    """``[T, obs]``: s′ − s; nothing changes in a trajectory of one step."""
    changes = np.diff(states, axis=0)
    return np.concatenate([changes, changes[-1:]]) if len(changes) else np.zeros_like(states)


def _windows(states: NDArray[np.float32], window: int) -> NDArray[np.float32]:
    """``[T, window·obs]``: each state and those that follow it; after the last one, the last one."""
    times = np.minimum(np.arange(len(states))[:, None] + np.arange(window), len(states) - 1)
    return np.asarray(states[times].reshape(len(states), -1), dtype=np.float32)
