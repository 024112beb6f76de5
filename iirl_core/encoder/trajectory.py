"""Trajectories → standardised rows, one per step (``rows.py``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from iirl_core.config.encoding import TrajectoryEncoderSection
from iirl_core.config.rows import ROW_KINDS, RowKind, row_width
from iirl_core.demonstration import Input, Trajectory
from iirl_core.encoder.protocol import ArtifactKind, Encoded
from iirl_core.encoder.rows import dimensions_of, rows_of, trajectory_of
from iirl_core.errors import ArtifactError, ConfigError, InputError

Terminal = Literal["ignored", "absorbing"]
TERMINALS: tuple[Terminal, ...] = ("ignored", "absorbing")

LIMIT = 1e6
"""Standardised values are clamped to ±LIMIT, so that no finite observation gives an infinite signal."""
FIRSTS = 4096
"""Demonstrations, the last ones, whose first rows say where demonstrations begin."""
CONSTANT = 1e-6
"""A dimension whose deviation is below this share of its size is constant: it is centred but not scaled."""


@dataclass(frozen=True, eq=False)
class TrajectoryEncoder:
    """``z = clamp((row − mean)/scale)`` with ``mean [D]`` and ``scale [D]`` of the training demonstrations (their
    deviation, or where departures are emphasised the deviation over the emphasis); D is ``observations``, plus
    ``actions``, plus ``observations`` again for s′ (the last step repeats its own state) or for s′ − s (the last step
    repeats the change before it); or ``window`` times ``observations``, of a state and those that follow it (the last
    one is repeated). ``window`` is 1 for all other rows.

    Where terminal states are ``absorbing``, a trajectory that ended by itself is followed by as many absorbed steps as
    it lacks to the ``horizon``.

    Raises:
        ArtifactError: the statistics do not fit the dimensions, or the treatment of terminal states is unknown.
    """

    rows: RowKind
    observations: int
    actions: int
    mean: Tensor
    scale: Tensor
    terminal: Terminal = "ignored"
    horizon: int | None = None
    window: int = 1

    def __post_init__(self) -> None:
        if self.rows not in ROW_KINDS:
            raise ArtifactError(f"rows of kind {self.rows!r}", f"one of {', '.join(ROW_KINDS)}")
        if self.terminal not in TERMINALS or (self.terminal == "absorbing") != (self.horizon is not None):
            raise ArtifactError(
                f"an encoder whose terminal is {self.terminal!r} with horizon {self.horizon}",
                "ignored without, or absorbing with one",
            )
        if self.window < 1 or (self.rows == "windows") != (self.window > 1):
            raise ArtifactError(f"{self.rows} of {self.window} states", "two or more for windows, else one")
        expected = row_width(self.rows, self.observations, self.actions, self.window)
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
        trajectories = [self._checked(item) for item in inputs]
        tables = [rows_of(trajectory, self.rows, self.window) for trajectory in trajectories]
        table = np.concatenate(tables) if tables else np.zeros((0, self.width), dtype=np.float32)
        z = ((torch.from_numpy(table) - self.mean) / self.scale).clamp(-LIMIT, LIMIT)
        lengths = tuple(len(rows) for rows in tables)
        return Encoded(z, lengths, (None,) * len(tables), tuple(self._absorbed(item) for item in trajectories))

    def read_again(self, z: Tensor, encoder: TrajectoryEncoder) -> Tensor:
        """``z [N, D]``, which ``encoder`` made of some rows, as this one would have made them, but for rounding; both
        make rows of one kind.
        """
        rows = z.double() * encoder.scale.double() + encoder.mean.double()
        return ((rows - self.mean.double()) / self.scale.double()).float().clamp(-LIMIT, LIMIT)

    def _absorbed(self, trajectory: Trajectory) -> int:
        return max(0, self.horizon - len(trajectory)) if self.horizon is not None and trajectory.terminal else 0

    def _checked(self, item: Input) -> Trajectory:
        trajectory = trajectory_of(item, self.rows)
        shape = dimensions_of(trajectory, self.rows)
        if shape != (self.observations, self.actions):
            raise InputError(
                f"a trajectory of {shape[0]} observation and {shape[1]} action dimensions",
                f"{self.observations} and {self.actions}, as trained on",
            )
        return trajectory


def fit_trajectory(section: TrajectoryEncoderSection, inputs: Iterable[Input]) -> TrajectoryEncoder:
    """Fit mean and deviation over all steps of the training demonstrations, streaming.

    Raises:
        ConfigError: there is no input.
        InputError: an input is a conversation, lacks actions, or dimensions differ between inputs.
    """
    rows, window = section.rows, section.window or 1
    shape: tuple[int, int] | None = None
    count, mean, squares = 0, np.zeros(0), np.zeros(0)
    firsts = list[NDArray[np.float64]]()
    for item in inputs:
        trajectory = trajectory_of(item, rows)
        shape = shape or dimensions_of(trajectory, rows)
        if dimensions_of(trajectory, rows) != shape:
            raise InputError(f"trajectories of {shape} and {dimensions_of(trajectory, rows)} dimensions", "one shape")
        if section.horizon is not None and trajectory.terminal and len(trajectory) < section.horizon:
            raise ConfigError(
                f"a demonstration that ended by itself after {len(trajectory)} of {section.horizon} steps",
                "encoder.terminal: ignored where demonstrations do that",
            )
        table = rows_of(trajectory, rows, window).astype(np.float64)
        firsts = [*firsts, table[0]][-FIRSTS:]
        # Chan, Golub and LeVeque 1979: merge the moments of two samples without cancellation.
        fresh, total = table.mean(axis=0), count + len(table)
        mean, squares = (np.zeros_like(fresh), np.zeros_like(fresh)) if count == 0 else (mean, squares)
        squares = squares + ((table - fresh) ** 2).sum(axis=0) + (fresh - mean) ** 2 * (count * len(table) / total)
        mean, count = mean + (fresh - mean) * (len(table) / total), total
    if shape is None:
        raise ConfigError("no demonstration to fit the encoder on", "at least one trajectory in the train split")
    deviation = np.sqrt(squares / count)
    scale = np.where(deviation > CONSTANT * np.maximum(1.0, np.abs(mean)), deviation, 1.0)
    if section.emphasis == "departure":
        scale = scale / emphasis(mean, scale, np.mean(firsts, axis=0))
    statistics = torch.from_numpy(mean).float(), torch.from_numpy(scale).float()
    return TrajectoryEncoder(rows, *shape, *statistics, section.terminal, section.horizon, window)


def emphasis(
    mean: NDArray[np.float64], deviation: NDArray[np.float64], first: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``[D]``: ``1 + |mean − first|/deviation``, scaled to a root mean square of 1, so that rows stay as far from each
    other as they were.
    """
    departure = 1 + np.abs(mean - first) / deviation
    return np.asarray(departure / np.sqrt(np.square(departure).mean()))
