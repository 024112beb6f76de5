"""Which findings the report shows, and what it says of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from iirl_core.artifact import Artifact
from iirl_core.audit import Finding, TriageLabel, shrunk
from iirl_core.demonstration import Trajectory
from iirl_core.norm import Norm, Region, norm_of
from iirl_core.report import FindingFacts, Measurement
from iirl_core.reward_model import RewardModel
from jobs.history import PastRound
from jobs.report.chain import model_of

FINDINGS_SHOWN = 16
ALIKE = 4
"""Findings of one norm, family and round that are shown before others have their turn."""
SHRUNK = 8
"""Findings whose inputs are made smaller where the audit did not: each costs some dozens of readings."""


def finding_facts(
    artifact: Artifact, norms: Sequence[Norm], history: Sequence[PastRound], findings: dict[int, list[Finding]]
) -> tuple[FindingFacts, ...]:
    """The worst of every round, those still open first; one a label, however often it was asked again, one of those
    that nearly equal each other, and not all by one family.
    """
    last = history[-1].audit.round
    still = {(finding.norm, finding.label) for finding in findings[last]}
    shown: dict[tuple[str, str], FindingFacts] = {}
    for past in reversed(history):
        for finding in _worst([each for each in findings[past.audit.round] if not each.twin]):
            key = (finding.norm, finding.label)
            label = past.labels.get(finding.id, TriageLabel.UNSURE)
            shown.setdefault(key, FindingFacts(finding, label, key in still, _distances(artifact, norms, finding)))
    ordered = varied(
        sorted(shown.values(), key=lambda facts: (not facts.open, not facts.finding.hard, -facts.finding.excess))
    )
    models = {past.audit.round: model_of(artifact, past) for past in history}
    return tuple(
        _shrunk(facts, models[facts.finding.round], norms) if number < SHRUNK or facts.finding.smaller else facts
        for number, facts in enumerate(ordered[:FINDINGS_SHOWN])
    )


def _worst(findings: Sequence[Finding]) -> list[Finding]:
    """Of each norm and family the worst few: enough to show, whichever are chosen."""
    met: Counter[tuple[str, str]] = Counter()
    kept = []
    for finding in findings:
        met[finding.norm, finding.origin] += 1
        if met[finding.norm, finding.origin] <= FINDINGS_SHOWN:
            kept.append(finding)
    return kept


def varied(ordered: Sequence[FindingFacts]) -> list[FindingFacts]:
    """In the same order, but for those of which ``ALIKE`` came before that are as open, of the same norm, family and
    round: they come after the others that are as open and as hard, so that the worst are not all one kind.
    """
    met: Counter[tuple[object, ...]] = Counter()
    ranks = []
    for facts in ordered:
        one = facts.finding
        kind = (facts.open, one.norm, one.origin, one.round)
        ranks.append((not facts.open, not one.hard, met[kind] // ALIKE))
        met[kind] += 1
    places = sorted(range(len(ordered)), key=lambda place: (*ranks[place], place))
    return [ordered[place] for place in places]


def _shrunk(facts: FindingFacts, model: RewardModel, norms: Sequence[Norm]) -> FindingFacts:
    """With the smallest inputs that broke the norm then."""
    norm = norm_of(norms, facts.finding.norm)
    inputs = facts.finding.smaller
    if not inputs and norm is not None:
        inputs = shrunk(facts.finding, model, norm)
    return facts if inputs in ((), facts.finding.inputs) else replace(facts, smaller=inputs)


def _distances(artifact: Artifact, norms: Sequence[Norm], finding: Finding) -> tuple[Measurement, ...]:
    offender = finding.offender
    if not isinstance(offender, Trajectory):
        return ()
    region = next((norm.region for norm in norms if norm.id == finding.norm), None)
    z = artifact.model.encoder.encode([offender]).z[finding.step]
    nearest = float((artifact.guard.z - z).norm(dim=1).min()) / float(np.sqrt(len(z)))
    known = [Measurement("nearest known-good state", nearest, "deviations per √dimension")]
    found = known if np.isfinite(nearest) else []
    if isinstance(region, Region):
        away = float(region.distance(offender.observations[finding.step : finding.step + 1])[0])
        found.append(Measurement("from the geometry", away))
    return tuple(found)
