"""Long trajectories cut into shorter ones."""

from __future__ import annotations

from iirl_core.demonstration import Trajectory


def segments(trajectory: Trajectory, steps: int | None) -> tuple[Trajectory, ...]:
    """Consecutive segments of ``steps`` steps (the last may be shorter; only it can be terminal); None: as it is."""
    length = len(trajectory)
    if steps is None or length <= steps:
        return (trajectory,)
    actions = trajectory.actions
    return tuple(
        Trajectory(
            trajectory.observations[start : start + steps],
            None if actions is None else actions[start : start + steps],
            trajectory.terminal and start + steps >= length,
        )
        for start in range(0, length, steps)
    )
