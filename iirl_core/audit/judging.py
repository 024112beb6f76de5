"""Judging one chunk: probes and what the model answered → counts, findings, and the situations that they lie in.

Every probe is asked about the written norms that it is for, and about ``NUMBER`` where some reward is none. Pure: what
was asked, and of whom, is decided elsewhere (``chunk.py``).
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from iirl_core.audit.asking import ProbeAnswers
from iirl_core.audit.cell import Cell, exact, summed
from iirl_core.audit.family_result import FamilyResult
from iirl_core.audit.finding import Finding
from iirl_core.canonical import Digest
from iirl_core.norm.judge import judge_all
from iirl_core.norm.judgement import SILENT, Judgement
from iirl_core.norm.norm import Norm, NormKind
from iirl_core.norm.number import NUMBER
from iirl_core.probe import ChunkSeed, Probe
from iirl_core.probe.former import Former


@dataclass(frozen=True, eq=False)
class Judged:
    """``families`` counts per norm; ``findings``, in no order; ``cells`` counts per situation; ``heard``, the places of
    the probes that some norm spoke of.
    """

    families: tuple[FamilyResult, ...]
    findings: tuple[Finding, ...]
    cells: tuple[Cell, ...]
    heard: Set[int]


def judge_chunk(
    seed: ChunkSeed,
    norms: Sequence[Norm],
    probes: Sequence[Probe],
    answered: Sequence[ProbeAnswers],
    former: Sequence[Probe],
) -> Judged:
    """``probes`` of the chunk ``seed``, and what was ``answered [P]``; ``former`` is all that the round asks again.

    Raises:
        ConfigError, InputError: as ``judge``.
    """
    results, findings, cells, heard = [], [], [], set[int]()
    steered, spokesmen = seed.situation is not None, _spokesmen(former)
    for norm in (*norms, NUMBER):
        about = [i for i, probe in enumerate(probes) if _asks(probe, norm, answered[i], spokesmen)]
        judgements = _judged(norm, [probes[i] for i in about], [answered[i] for i in about])
        spoken = [(i, judged) for i, judged in zip(about, judgements, strict=True) if judged.speaks]
        broken = [(i, judged) for i, judged in spoken if judged.broken]
        if about or seed.family in norm.families:
            results.append(FamilyResult(seed.family, norm.id, len(about), len(spoken), len(broken), steered))
        heard |= {i for i, _ in spoken}
        cells += [_cell(seed.family, answered[i], judged) for i, judged in spoken]
        findings += [_finding(seed, norm, probes[i], answered[i], judged) for i, judged in broken]
    return Judged(tuple(results), tuple(findings), summed(cells), heard)


def _spokesmen(former: Sequence[Probe]) -> dict[str, str | None]:
    """By label, the norm of the former finding that is also asked about ``NUMBER``: of several norms that one probe
    broke only one, so that it is one finding of ``NUMBER``; that of ``NUMBER`` itself, if there is one.
    """
    first = {probe.label: probe.norm for probe in reversed(former)}
    return first | {probe.label: probe.norm for probe in former if probe.norm == NUMBER.id}


def _asks(probe: Probe, norm: Norm, answered: ProbeAnswers, spokesmen: dict[str, str | None]) -> bool:
    """A former finding and a comparison are asked about their own norm; any other probe about the norms that name its
    family; and all of them about ``NUMBER`` where they break that.
    """
    if norm.id == probe.norm:
        return True
    if norm is NUMBER:
        return not answered.numbers and spokesmen.get(probe.label, probe.norm) == probe.norm
    return probe.norm is None and probe.family in norm.families


def _judged(norm: Norm, probes: Sequence[Probe], answered: Sequence[ProbeAnswers]) -> list[Judgement]:
    answers, sources = [told.answers for told in answered], [one.source for one in probes]
    judged = judge_all(norm, [one.inputs for one in probes], answers, sources)
    return [
        SILENT if _proves_nothing(norm, *asked) else each
        for each, asked in zip(judged, zip(probes, answered, strict=True), strict=True)
    ]


def _proves_nothing(norm: Norm, probe: Probe, answered: ProbeAnswers) -> bool:
    """An edit that the encoder does not see cannot break an invariance; and what is not a number breaks ``NUMBER``
    alone, but for a former finding, which is not mended by that.
    """
    unseen = norm.kind is NormKind.INVARIANCE and answered.alike
    return unseen or (not answered.numbers and norm is not NUMBER and probe.family != Former.name)


def _cell(family: str, answered: ProbeAnswers, judged: Judgement) -> Cell:
    disagreement = exact(answered.disagreement)
    return Cell(family, answered.situation, 1, int(judged.broken), int(answered.uncovered), disagreement)


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
        rewards=judged.looked_at(answered.answers),
        excess=judged.excess,
        step=judged.step,
        source=probe.source,
        weight=norm.weight,
        situation=answered.situation,
    )
