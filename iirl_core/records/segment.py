"""Long trajectories cut into shorter ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from iirl_core.demonstration import Trajectory


def segments(trajectory: Trajectory, steps: int | None) -> tuple[Trajectory, ...]:
    """Consecutive segments of ``steps`` steps (the last may be shorter; only it can be terminal); None: as it is."""
    length = len(trajectory)
    if steps is None or length <= steps:
        return (trajectory,)
    cuts = [(start, min(start + steps, length)) for start in range(0, length, steps)]
    return tuple(_steps(trajectory, start, end, trajectory.terminal and end == length) for start, end in cuts)


def shares(trajectory: Trajectory, fractions: Sequence[float]) -> tuple[Trajectory | None, ...]:
    """Its steps in order, the first so many to the first fraction, and so on; None where a fraction comes to no step.
    ``fractions`` sum to 1. A part is not terminal, or the little that it holds would be taken for a life that ended
    early; the whole is as it was. So a cut hides that a life ended (``admit`` refuses that where it counts).
    """
    length, reached, cuts = len(trajectory), 0.0, [0]
    for fraction in fractions:
        reached += fraction
        cuts.append(min(length, round(reached * length)))
    return tuple(
        _steps(trajectory, start, end, trajectory.terminal and end - start == length) if end > start else None
        for start, end in pairwise(cuts)
    )


def _steps(trajectory: Trajectory, start: int, end: int, terminal: bool) -> Trajectory:
    actions = trajectory.actions
    return Trajectory(trajectory.observations[start:end], None if actions is None else actions[start:end], terminal)
