"""One chunk of an audit: make probes, score them, judge them. The unit that is fanned out.

A pure function of (model, norms, seed, count, material): which worker runs it, and how many there are, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iirl_core.audit.asking import ChunkAnswers, ProbeAnswers, ask
from iirl_core.audit.cell import Cell, exact, summed
from iirl_core.audit.example import Example, nearest
from iirl_core.audit.family_result import FamilyResult, together
from iirl_core.audit.finding import Finding
from iirl_core.audit.reservoir import Reservoir
from iirl_core.audit.unshown import Stranger, Strangers
from iirl_core.canonical import Digest
from iirl_core.encoder.trajectory import TrajectoryEncoder
from iirl_core.errors import ConfigError
from iirl_core.norm.judge import SILENT, Judgement, judge_all
from iirl_core.norm.norm import Norm, NormKind
from iirl_core.norm.number import NUMBER
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
    """Ask ``count`` probes of the family ``seed.family`` about every norm that names it. A probe whose reward is not a
    number is a finding of ``NUMBER``, and of no other norm.

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
    results, findings, cells, heard = [], [], [], set[int]()
    for norm in (*norms, NUMBER):
        about = [i for i, probe in enumerate(probes) if _asks(probe, norm, answered[i])]
        judgements = _judged(norm, [probes[i] for i in about], [answered[i] for i in about])
        spoken = [(i, judged) for i, judged in zip(about, judgements, strict=True) if judged.speaks]
        broken = [(i, judged) for i, judged in spoken if judged.broken]
        if about or seed.family in norm.families:
            steered = seed.situation is not None
            results.append(FamilyResult(seed.family, norm.id, len(about), len(spoken), len(broken), steered))
        heard |= {i for i, _ in spoken}
        cells += [_cell(seed.family, answered[i], judged) for i, judged in spoken]
        findings += [_finding(seed, norm, probes[i], answered[i], judged) for i, judged in broken]
    rewards = np.array([each.answers[-1].mean() for each in answered])
    moving = sum(probe.origin in POLICY_FAMILIES for probe in probes)
    covered, unplaced = _covered(seed.family, told, heard)
    return ChunkResult(
        asked=len(probes),
        families=tuple(results),
        findings=worst_first(findings),
        reservoir=Reservoir.draw(covered, seed.entropy(), len(covered)),
        histogram=tuple(int(bar) for bar in np.histogram(rewards, bins=BINS, range=(0, 1))[0]),
        cells=summed(cells),
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


def _judged(norm: Norm, probes: Sequence[Probe], answered: Sequence[ProbeAnswers]) -> list[Judgement]:
    answers, sources = [told.answers for told in answered], [one.source for one in probes]
    judged = judge_all(norm, [one.inputs for one in probes], answers, sources)
    return [
        SILENT if _proves_nothing(norm, *asked) else each
        for each, asked in zip(judged, zip(probes, answered, strict=True), strict=True)
    ]


def _proves_nothing(norm: Norm, probe: Probe, answered: ProbeAnswers) -> bool:
    """An edit that the encoder does not see cannot break an invariance; and what is not a number breaks ``NUMBER``
    alone, but for a former finding, which is asked about its own norm.
    """
    unseen = norm.kind is NormKind.INVARIANCE and answered.alike
    return unseen or (not answered.numbers and norm is not NUMBER and probe.norm is None)


def _cell(family: str, answered: ProbeAnswers, judged: Judgement) -> Cell:
    doubt = exact(answered.disagreement)
    return Cell(family, answered.situation, 1, int(judged.broken), int(answered.uncovered), doubt)


def _asks(probe: Probe, norm: Norm, answered: ProbeAnswers) -> bool:
    """A former finding is asked about the norm that it broke; any other probe about the norms that name its family, and
    about ``NUMBER`` where it breaks that.
    """
    if probe.norm is not None:
        return norm.id == probe.norm
    return not answered.numbers if norm is NUMBER else probe.family in norm.families


def _finding(seed: ChunkSeed, norm: Norm, probe: Probe, answered: ProbeAnswers, judged: Judgement) -> Finding:
    return Finding(
        digest=Digest(seed.digest),
        round=seed.round,
        norm=norm.id,
        hard=norm.hard,
        severity=norm.severity,
        family=probe.family,
        label=probe.label,
        note=probe.note,
        inputs=probe.inputs,
        rewards=tuple(float(answer.mean()) for answer in answered.answers),
        excess=judged.excess,
        step=judged.step,
        source=probe.source,
        weight=norm.weight,
        situation=answered.situation,
    )
