"""Retimed: demonstrated steps at other times. What happens is as demonstrated, when it happens is not.

A reward of single states cannot tell; one of transitions, windows or whole episodes should. Standing still and going
round in circles are what optimisers find first where every demonstrated state earns by itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from iirl_core.demonstration import Trajectory
from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.taking_turns import turns

LONGEST = 64
"""Steps of a demonstration that are asked about."""
LOOP = 4

Times = NDArray[np.int64]


def _permuted(steps: int, rng: np.random.Generator) -> Times:
    return rng.permutation(steps)


def _reversed(steps: int, rng: np.random.Generator) -> Times:  # noqa: ARG001 - every edit has the same signature
    return np.arange(steps)[::-1].copy()


def _still(steps: int, rng: np.random.Generator) -> Times:
    return np.full(steps, rng.integers(steps))


def _looping(steps: int, rng: np.random.Generator) -> Times:
    start = rng.integers(max(1, steps - LOOP + 1))
    return start + np.arange(steps) % min(LOOP, steps)


def _skipping(steps: int, rng: np.random.Generator) -> Times:
    return np.sort(rng.choice(steps, size=max(2, steps // 3), replace=False)) if steps > 2 else np.arange(steps)


EDITS: dict[str, Callable[[int, np.random.Generator], Times]] = {
    "permuted": _permuted,
    "reversed": _reversed,
    "standing still": _still,
    "looping": _looping,
    "skipping": _skipping,
}
"""By note: the times, of so many steps, that the edit shows."""


class Retimed:
    """See the module. Pairs: a piece of a demonstration, and the same steps at other times."""

    name = "retimed"
    kind: FamilyKind = "trajectory"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` pairs; every edit as often as any other. Fewer where demonstrations have a single step."""
        rng = np.random.default_rng(seed.entropy())
        notes = [list(EDITS)[i] for i in turns(rng, len(EDITS), count)]
        made: list[Probe] = []
        for index, note in zip(turns(rng, len(material.trajectories), count), notes, strict=True):
            piece = _piece(material.trajectories[index], rng)
            if len(piece) > 1:
                edited = _at(piece, EDITS[note](len(piece), rng))
                made.append(Probe((piece, edited), seed.family, seed.label(len(made)), note))
        return made


def _piece(item: Trajectory, rng: np.random.Generator) -> Trajectory:
    """At most ``LONGEST`` steps in a row; a piece that stops early ends nothing."""
    if len(item) <= LONGEST:
        return item
    start = int(rng.integers(len(item) - LONGEST + 1))
    piece = _at(item, np.arange(start, start + LONGEST))
    ended = item.terminal and start + LONGEST == len(item)
    return Trajectory(piece.observations, piece.actions, ended)


def _at(item: Trajectory, times: Times) -> Trajectory:
    actions = None if item.actions is None else item.actions[times]
    return Trajectory(item.observations[times], actions, item.terminal)
