"""Points → probes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iirl_core.demonstration import Trajectory
from iirl_core.errors import InputError
from iirl_core.probe.material import Material
from iirl_core.probe.point_reward import PointReward
from iirl_core.probe.probe import ChunkSeed, Probe


def ask(seed: ChunkSeed, points: NDArray[np.float64], material: Material, notes: Sequence[str] | str) -> list[Probe]:
    """One probe per point ``[N, P]``; ``notes`` says what was done, to all or to each."""
    each = [notes] * len(points) if isinstance(notes, str) else notes
    single = np.asarray(points, dtype=np.float32)
    return [
        Probe((_trajectory(point, material),), seed.family, seed.label(index), note)
        for index, (point, note) in enumerate(zip(single, each, strict=True))
    ]


def _trajectory(point: NDArray[np.float32], material: Material) -> Trajectory:
    """The shortest trajectory whose first row is ``point``; a transition or a change takes two steps, a window all of
    its states.
    """
    width = material.observations
    state = point[:width]
    if material.rows == "states":
        return Trajectory(state[None])
    if material.rows == "state-actions":
        return Trajectory(state[None], point[None, width:])
    if material.rows == "changes":
        return Trajectory(np.stack([state, state + point[width:]]))
    if material.rows == "windows":
        return Trajectory(point.reshape(material.window, width))
    action = point[width:-width]
    return Trajectory(np.stack([state, point[-width:]]), np.stack([action, action]))


def searched(material: Material, family: str) -> PointReward:
    """The reward to search.

    Raises:
        InputError: the material came without it.
    """
    if not isinstance(material.reward, PointReward):
        raise InputError(f"the family {family} searches the reward", "one of points, as audit_chunk makes it")
    return material.reward
