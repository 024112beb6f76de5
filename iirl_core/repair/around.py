"""Around a finding: fresh questions that a repair of it has to answer as well (local red-teaming).

conversations    the finding's own family asked again about the same demonstration, and the offender with slips,
                 other case and spacing, or its sentences in another order
trajectories     every step of the offender, moved a little in every dimension
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from iirl_core.audit.finding import Finding
from iirl_core.config.rows import ACTING
from iirl_core.demonstration import Conversation, Input, Trajectory
from iirl_core.probe import FAMILIES, ChunkSeed, Material, Probe
from iirl_core.probe.conversation import order, surface
from iirl_core.probe.conversation.edited import Edited

SIGMAS = (0.02, 0.05)
"""Noise in units of the demonstrations' deviation in each dimension; in turns."""
SLIGHT = {"surface": surface.EDITS, "order": {"sentences shuffled": order.EDITS["sentences shuffled"]}}
"""Edits that leave what is said nearly as it was, by the family that makes them, too."""


def around(
    finding: Finding, seed: ChunkSeed, count: int, material: Material, without: Collection[str] = ()
) -> list[Probe]:
    """At most ``count`` questions about the finding's norm, none of them the finding itself, nor by an edit of the
    families ``without``; the same for the same arguments. Fewer where nothing is left to change (an empty answer).
    """
    offender = finding.offender
    if isinstance(offender, Trajectory):
        questions: Iterator[Input] = _moved(offender, seed, count, material)
        made = [((*finding.inputs[:-1], item), "moved") for item in questions]
    else:
        made = _edited(finding, offender, seed, count, material, without=without)
    return [
        Probe(inputs, finding.family, f"{finding.label}/{number}", note, finding.norm, finding.source)
        for number, (inputs, note) in enumerate(made)
    ]


def _moved(offender: Trajectory, seed: ChunkSeed, count: int, material: Material) -> Iterator[Trajectory]:
    rng = np.random.default_rng(seed.entropy())
    states, actions = offender.observations, offender.actions
    width = states.shape[1]
    for number in range(count):
        sigma = SIGMAS[number % len(SIGMAS)]
        moved = _jittered(states, sigma * material.scale[:width], rng)
        if actions is None or material.rows not in ACTING:
            yield Trajectory(moved, actions, offender.terminal)
        else:
            scale = sigma * material.scale[width : width + actions.shape[1]]
            yield Trajectory(moved, _jittered(actions, scale, rng), offender.terminal)


def _jittered(table: NDArray[np.float32], scale: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float32]:
    return (table + scale * rng.normal(size=table.shape)).astype(np.float32)


def _edited(
    finding: Finding,
    offender: Conversation,
    seed: ChunkSeed,
    count: int,
    material: Material,
    *,
    without: Collection[str],
) -> list[tuple[tuple[Input, ...], str]]:
    """Half of them from the family, as far as it edits demonstrations and has other edits to give."""
    original, family = finding.inputs[0], FAMILIES.get(finding.origin)
    made: dict[tuple[Input, ...], str] = {}
    if len(finding.inputs) == 2 and isinstance(original, Conversation) and isinstance(family, Edited):
        for probe in family.again(original, seed, count // 2, material):
            made.setdefault(probe.inputs, probe.note)
    made.pop(finding.inputs, None)
    slight = {note: edit for family, edits in SLIGHT.items() if family not in without for note, edit in edits.items()}
    again = Edited("slight", slight).again(offender, seed, count - len(made), material) if slight else []
    for probe in again:
        made.setdefault((*finding.inputs[:-1], probe.inputs[-1]), probe.note)
    return list(made.items())
