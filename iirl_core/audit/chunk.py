"""One chunk of an audit: make probes, score them, judge them. The unit that is fanned out.

A pure function of (model, norms, seed, count, material): which worker runs it, and how many there are, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iirl_core.audit.asking import ChunkAnswers, ProbeAnswers, ask
from iirl_core.audit.cell import Cell, summed
from iirl_core.audit.example import Example, nearest
from iirl_core.audit.family_result import FamilyResult, together
from iirl_core.audit.finding import Finding
from iirl_core.audit.judging import judge_chunk
from iirl_core.audit.reservoir import Reservoir
from iirl_core.audit.unshown import Stranger, Strangers
from iirl_core.encoder.trajectory import TrajectoryEncoder
from iirl_core.errors import ConfigError
from iirl_core.norm.norm import Norm
from iirl_core.probe import FAMILIES, AnswerReward, ChunkSeed, Material, PointReward, Probe
from iirl_core.probe.adaptive import OBSERVED, POLICY_FAMILIES
from iirl_core.probe.situations import UNKNOWN, Situations, has_place
from iirl_core.reward_model import RewardModel

DECIMALS = 4
NOBODY = Strangers()
BINS = 20
"""Bars of the reward histogram, equally wide over [0, 1]."""


@dataclass(frozen=True, eq=False)
class ChunkResult:
    """``asked`` probes; ``families`` counts per (family, norm); ``findings``, worst first; ``reservoir`` of audited
    points in the whitened bottleneck; ``histogram [20]`` of the probes' rewards; ``refuted`` findings that did not hold
    when they were verified, which are neither counted as broken nor kept; ``cells`` counts per (family, situation), and
    ``examples`` of situations; ``moving`` of the probes are samples of moving policies; ``strangers`` are first inputs
    that lie where no demonstration does; ``unplaced`` rows have no place (``probe/situations.py``): they cover nothing.
    """

    asked: int
    families: tuple[FamilyResult, ...]
    findings: tuple[Finding, ...]
    reservoir: Reservoir
    histogram: tuple[int, ...]
    refuted: int = 0
    cells: tuple[Cell, ...] = ()
    examples: tuple[Example, ...] = ()
    moving: int = 0
    strangers: Strangers = NOBODY
    unplaced: int = 0

    @staticmethod
    def merge(parts: Sequence[ChunkResult], keep_findings: int | None, coverage_points: int) -> ChunkResult:
        """All chunks together: everything counted, the worst ``keep_findings`` (None: all) kept. The order changes
        nothing.

        ``parts`` holds at least one.
        """
        findings = worst_first(finding for part in parts for finding in part.findings)
        return ChunkResult(
            asked=sum(part.asked for part in parts),
            families=together(result for part in parts for result in part.families),
            findings=findings[:keep_findings],
            reservoir=Reservoir.merge([part.reservoir for part in parts], coverage_points),
            histogram=tuple(int(total) for total in np.sum([part.histogram for part in parts], axis=0)),
            refuted=sum(part.refuted for part in parts),
            moving=sum(part.moving for part in parts),
            cells=summed(cell for part in parts for cell in part.cells),
            examples=nearest(example for part in parts for example in part.examples),
            strangers=Strangers.merge(part.strangers for part in parts),
            unplaced=sum(part.unplaced for part in parts),
        )


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Hard before soft, severe before mild (by severity × weight), large before small excess; ties by label, so that
    there is one order.
    """
    return tuple(sorted(findings, key=lambda f: (not f.hard, -f.severity * f.weight, -f.excess, f.norm, f.label)))


def audit_chunk(
    model: RewardModel, norms: Sequence[Norm], seed: ChunkSeed, count: int, material: Material
) -> ChunkResult:
    """Ask ``count`` probes of the family ``seed.family`` about every norm that they are for. A probe of which some
    reward is not a number is a finding of ``NUMBER``, and of no other norm but one that it broke before.

    Raises:
        ConfigError: there is no such family, or it does not make what a norm judges.
        InputError: the material does not fit the family.
    """
    if seed.family not in FAMILIES:
        raise ConfigError(f"probe family {seed.family!r}", f"one of {', '.join(FAMILIES)}", "Mend audit.probes")
    if seed.situation is not None:
        material = material.within(seed.situation)
    points = isinstance(model.encoder, TrajectoryEncoder)
    material = material.searched_by(PointReward(model) if points else AnswerReward(model))
    made = FAMILIES[seed.family].probes(seed, count, material)
    probes = [replace(probe, source=material.source_of(probe)) for probe in made]
    told = ask(model, probes, material.situations or Situations.fit(model.support))
    answered = told.answered
    judged = judge_chunk(seed, norms, probes, answered, material.former)
    rewards = np.array([each.answers[-1].mean() for each in answered])
    moving = sum(probe.origin in POLICY_FAMILIES for probe in probes)
    covered, unplaced = _covered(seed.family, told, judged.heard)
    return ChunkResult(
        asked=len(probes),
        families=judged.families,
        findings=worst_first(judged.findings),
        reservoir=Reservoir.draw(covered, seed.entropy(), len(covered)),
        histogram=tuple(int(bar) for bar in np.histogram(rewards, bins=BINS, range=(0, 1))[0]),
        cells=judged.cells,
        examples=told.examples,
        moving=moving,
        strangers=_strangers(probes, answered),
        unplaced=unplaced,
    )


def _strangers(probes: Sequence[Probe], answered: Sequence[ProbeAnswers]) -> Strangers:
    """But for what has no place, and for what deployment gave, whichever family asks it now: texts of users are not
    shown.
    """
    found = [
        Stranger.of(one, told.middle)
        for one, told in zip(probes, answered, strict=True)
        if told.uncovered and told.situation != UNKNOWN and one.origin != OBSERVED
    ]
    return Strangers.merge([Strangers(len(found), tuple(found))])


def _covered(family: str, told: ChunkAnswers, heard: Set[int]) -> tuple[NDArray[np.float32], int]:
    """``[N, W]``: the rows that count as audited, and how many do not because they have no place. Of what a trainer
    sent, only what some norm spoke of: nobody may buy coverage by reporting. Rounded, because a text's last bits depend
    on its batch.
    """
    rows = told.whitened[np.isin(told.owner, sorted(heard))] if family == OBSERVED else told.whitened
    there = has_place(rows)
    return rows[there].round(DECIMALS), int((~there).sum())
