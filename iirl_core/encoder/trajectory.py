"""Trajectories → standardised rows, one per step: s, (s, a) or (s, a, s′)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from iirl_core.demonstration import Input, Trajectory
from iirl_core.encoder.protocol import ArtifactKind, Encoded
from iirl_core.errors import ArtifactError, ConfigError, InputError

RowKind = Literal["states", "state-actions", "transitions"]
ROW_KINDS: tuple[RowKind, ...] = ("states", "state-actions", "transitions")

LIMIT = 1e6
"""Standardised values are clamped to ±LIMIT, so that no finite observation gives an infinite signal."""
CONSTANT = 1e-6
"""A dimension whose deviation is below this share of its size is constant: it is centred but not scaled."""


@dataclass(frozen=True, eq=False)
class TrajectoryEncoder:
    """``z = clamp((row − mean)/scale)`` with ``mean [D]``, ``scale [D]`` of the training demonstrations; D is
    ``observations``, plus ``actions``, plus ``observations`` again for s′ (the last step repeats its own state).

    Raises:
        ArtifactError: the statistics do not fit the dimensions.
    """

    rows: RowKind
    observations: int
    actions: int
    mean: Tensor
    scale: Tensor

    def __post_init__(self) -> None:
        if self.rows not in ROW_KINDS:
            raise ArtifactError(f"rows of kind {self.rows!r}", f"one of {', '.join(ROW_KINDS)}")
        expected = row_width(self.rows, self.observations, self.actions)
        if self.mean.shape != (expected,) or self.scale.shape != (expected,) or not bool((self.scale > 0).all()):
            raise ArtifactError(
                f"standardiser of {list(self.mean.shape)} and {list(self.scale.shape)}",
                f"two positive rows [{expected}]",
            )

    @property
    def kind(self) -> ArtifactKind:
        """Takes trajectories."""
        return "trajectory"

    @property
    def width(self) -> int:
        """D."""
        return len(self.mean)

    def encode(self, inputs: Sequence[Input]) -> Encoded:
        """One row per step.

        Raises:
            InputError: a conversation, other dimensions than were trained on, or no actions where rows hold them.
        """
        tables = [rows_of(self._checked(item), self.rows) for item in inputs]
        table = np.concatenate(tables) if tables else np.zeros((0, self.width), dtype=np.float32)
        z = ((torch.from_numpy(table) - self.mean) / self.scale).clamp(-LIMIT, LIMIT)
        return Encoded(z, tuple(len(rows) for rows in tables), (None,) * len(tables))

    def _checked(self, item: Input) -> Trajectory:
        trajectory = trajectory_of(item, self.rows)
        shape = dimensions_of(trajectory, self.rows)
        if shape != (self.observations, self.actions):
            raise InputError(
                f"a trajectory of {shape[0]} observation and {shape[1]} action dimensions",
                f"{self.observations} and {self.actions}, as trained on",
            )
        return trajectory


def fit_trajectory(rows: RowKind, inputs: Iterable[Input]) -> TrajectoryEncoder:
    """Fit mean and deviation over all steps of the training demonstrations, streaming.

    Raises:
        ConfigError: there is no input.
        InputError: an input is a conversation, lacks actions, or dimensions differ between inputs.
    """
    shape: tuple[int, int] | None = None
    count, mean, squares = 0, np.zeros(0), np.zeros(0)
    for item in inputs:
        trajectory = trajectory_of(item, rows)
        shape = shape or dimensions_of(trajectory, rows)
        if dimensions_of(trajectory, rows) != shape:
            raise InputError(f"trajectories of {shape} and {dimensions_of(trajectory, rows)} dimensions", "one shape")
        table = rows_of(trajectory, rows).astype(np.float64)
        # Chan, Golub and LeVeque 1979: merge the moments of two samples without cancellation.
        fresh, total = table.mean(axis=0), count + len(table)
        mean, squares = (np.zeros_like(fresh), np.zeros_like(fresh)) if count == 0 else (mean, squares)
        squares = squares + ((table - fresh) ** 2).sum(axis=0) + (fresh - mean) ** 2 * (count * len(table) / total)
        mean, count = mean + (fresh - mean) * (len(table) / total), total
    if shape is None:
        raise ConfigError("no demonstration to fit the encoder on", "at least one trajectory in the train split")
    deviation = np.sqrt(squares / count)
    scale = np.where(deviation > CONSTANT * np.maximum(1.0, np.abs(mean)), deviation, 1.0)
    return TrajectoryEncoder(rows, *shape, torch.from_numpy(mean).float(), torch.from_numpy(scale).float())


def row_width(rows: RowKind, observations: int, actions: int) -> int:
    """D."""
    return {"states": observations, "state-actions": observations + actions, "transitions": 2 * observations + actions}[
        rows
    ]


def dimensions_of(trajectory: Trajectory, rows: RowKind) -> tuple[int, int]:
    """Observation and action dimensions that rows of this kind use (no actions for states)."""
    actions = 0 if rows == "states" or trajectory.actions is None else trajectory.actions.shape[1]
    return trajectory.observations.shape[1], actions


def trajectory_of(item: Input, rows: RowKind) -> Trajectory:
    """The input, if rows of this kind can be made of it.

    Raises:
        InputError: it is a conversation, or has no actions where rows hold them.
    """
    if not isinstance(item, Trajectory):
        raise InputError("a conversation, given to a model of trajectories", "observations")
    if rows != "states" and item.actions is None:
        raise InputError("a trajectory without actions", f"actions: this model reads {rows}")
    return item


def rows_of(trajectory: Trajectory, rows: RowKind) -> NDArray[np.float32]:
    """``[T, D]``, not standardised."""
    states, actions = trajectory.observations, trajectory.actions
    if rows == "states" or actions is None:
        return states
    if rows == "state-actions":
        return np.concatenate([states, actions], axis=1)
    return np.concatenate([states, actions, np.concatenate([states[1:], states[-1:]])], axis=1)
