"""What the report says of the artifact, its findings and its statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from iirl_core.artifact import Artifact, Manifest
from iirl_core.audit import Audit, Finding, TriageLabel, shrunk
from iirl_core.audit.unheard import unheard
from iirl_core.canonical import Digest
from iirl_core.config.red_team import WRITTEN
from iirl_core.corpus import read_corpus
from iirl_core.demonstration import Trajectory
from iirl_core.errors import ArtifactError
from iirl_core.log import entries
from iirl_core.norm import NUMBER, Norm, Region, norm_of
from iirl_core.patch.repairs import counted
from iirl_core.report import (
    Ancestor,
    ArtifactFacts,
    CorpusFacts,
    CoverageCell,
    FindingFacts,
    Measurement,
    StatementFacts,
)
from iirl_core.reward_model import RewardModel
from iirl_core.signing import (
    ApprovalPredicate,
    AuditPredicate,
    LabelPredicate,
    Predicate,
    RepairPredicate,
    SealPredicate,
    TriagePredicate,
    Trust,
    UndoPredicate,
    parse_statement,
    statements_of,
    verify_envelope,
)
from iirl_core.store.protocol import Store
from jobs.history import PastRound
from jobs.lineage import lineage
from jobs.report.chain import model_of

FINDINGS_SHOWN = 16
ALIKE = 4
"""Findings of one norm, family and round that are shown before others have their turn."""
SHRUNK = 8
"""Findings whose inputs are made smaller where the audit did not: each costs some dozens of readings."""
PREDICATES: dict[str, type[Predicate]] = {
    predicate.kind: predicate
    for predicate in (
        SealPredicate,
        AuditPredicate,
        TriagePredicate,
        LabelPredicate,
        UndoPredicate,
        RepairPredicate,
        ApprovalPredicate,
    )
}


OF_A_ROUND = ("audit", "triage", "label", "undo", "accept", "reject")
"""Events that are about one round of an artifact's audit."""


@dataclass(frozen=True)
class Times:
    """When the log says that something was said of an artifact; UTC, ISO 8601, "" where it says nothing."""

    events: Mapping[tuple[str, str], str]
    """By the event's kind and its round ("" where it has none)."""

    def of(self, statement: Predicate) -> str:
        """When a statement was made."""
        match statement:
            case SealPredicate():
                return self.sealed
            case AuditPredicate() | TriagePredicate() | LabelPredicate() | UndoPredicate():
                return self.events.get((statement.kind, str(statement.round)), "")
            case RepairPredicate():
                return self.events.get((statement.decision, str(statement.round)), "")
            case _:
                return self.events.get(("release", ""), "")

    @property
    def sealed(self) -> str:
        """When it was sealed: trained, repaired, or made to forget."""
        found = [time for (kind, _), time in self.events.items() if kind in ("seal", "patch", "forget")]
        return found[0] if found else ""


def times_of(store: Store, digest: Digest) -> Times:
    """From the log."""
    found = [entry for entry in entries(store) if entry.event.subject == digest]
    return Times(
        {
            (
                entry.event.kind,
                entry.event.detail("round") if entry.event.kind in OF_A_ROUND else "",
            ): entry.time
            for entry in found
        }
    )


def artifact_facts(store: Store, artifact: Artifact, times: Times) -> ArtifactFacts:
    """From the manifest, its ancestors' and its corpora's."""
    manifest = artifact.manifest
    ancestors = [
        Ancestor(one.digest, one.manifest.version, _made(one.manifest)) for one in lineage(store, artifact.digest)
    ]
    supervision = manifest.supervision.value + (" and human" if manifest.human else "")
    return ArtifactFacts(
        name=manifest.name,
        version=manifest.version,
        digest=artifact.digest,
        kind=manifest.kind,
        mode=manifest.mode.value,
        supervision=supervision,
        encoder=_words(manifest.encoder, ("kind", "rows", "model", "max_tokens")),
        expertness=_words(manifest.expertness, ("family", "experts", "bottleneck", "hidden", "members", "combine")),
        mapping=_words(manifest.calibration.mapping, tuple(manifest.calibration.mapping)),
        created=times.sealed,
        lineage=tuple(reversed(ancestors[1:])),
        corpora=tuple(_corpus(store, entry.name, entry.role, entry.digest) for entry in manifest.corpora),
        forgotten="" if manifest.forgotten is None else str(manifest.forgotten),
    )


def _made(manifest: Manifest) -> str:
    if manifest.parent is None:
        return "trained"
    refitted = manifest.version.endswith(".0")  # a repair raises the last number, a re-fit the one before
    if refitted and manifest.forgotten is not None:
        return f"forgot {manifest.forgotten.records} records"
    return "re-fitted" if refitted else f"repaired: {counted(manifest.repairs) or 'none in effect'}"


def _words(document: object, keys: Sequence[str]) -> str:
    fields = document if isinstance(document, dict) else {}
    found = [fields[key] for key in keys if fields.get(key) is not None]
    named = [key for key in keys if fields.get(key) is not None]
    texts = [_text(value) for value in found]
    return ", ".join(
        text if key in ("kind", "family") else f"{key} {text}" for key, text in zip(named, texts, strict=True)
    )


def _text(value: object) -> str:
    if isinstance(value, dict):
        return _words(value, tuple(value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _corpus(store: Store, name: str, role: str, digest: Digest) -> CorpusFacts:
    manifest = read_corpus(store, name, digest).manifest
    return CorpusFacts(name, role, manifest.rows, manifest.quarantined, digest)


def coverage_cells(audit: Audit) -> tuple[CoverageCell, ...]:
    """Every family against every norm that it asked about."""
    return tuple(
        CoverageCell(result.family, result.norm, result.asked, result.broken, result.upper)
        for result in audit.families
        if not result.steered
    )


def judged_by(norms: Sequence[Norm], audit: Audit) -> tuple[Norm, ...]:
    """The norms that the last audit has counts of: also ``NUMBER``, where a reward was none, as that of the families
    that found so.
    """
    lost = tuple(result.family for result in audit.families if result.norm == NUMBER.id and not result.steered)
    return (*norms, replace(NUMBER, families=lost)) if lost else tuple(norms)


def gaps_of(norms: Sequence[Norm], audit: Audit) -> tuple[str, ...]:
    """What the last audit did not look at."""
    moving = f"{audit.moving:,} probes were samples of moving policies: this audit is policy-adaptive."
    gaps = [moving] if audit.moving else []
    for norm in norms:
        for family in norm.families:
            found = [r for r in audit.families if (r.family, r.norm) == (family, norm.id)]
            asked, spoken = sum(r.asked for r in found), sum(r.spoken for r in found)
            if asked == 0:
                gaps.append(f"{family} asked nothing about {norm.id}.")
            elif spoken < asked / 2 and (spoken or family not in WRITTEN):
                gaps.append(f"{norm.id} speaks of only {spoken:,} of the {asked:,} probes of {family}.")
    gaps += unheard(norms, audit.families)
    if audit.unplaced:
        gaps.append(
            f"{audit.unplaced:,} rows of what was asked are not numbers: they have no place, and cover nothing."
        )
    gaps += [f"No demonstration shows what is right in situations like: {kind}." for kind in audit.unshown]
    return tuple(gaps)


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


def statement_facts(store: Store, digest: Digest, trust: Trust, times: Times) -> tuple[StatementFacts, ...]:
    """Every statement about the artifact, and whether its signature holds."""
    facts = []
    for data in statements_of(store, digest):
        statement = parse_statement(data)
        predicate = PREDICATES.get(statement.kind)
        if predicate is None:
            continue
        try:
            verify_envelope(data, trust, predicate, digest)
            verified = True
        except ArtifactError:
            verified = False
        key = statement.keyids[0] if statement.keyids else ""
        said = predicate.from_fields(statement.fields)
        facts.append(StatementFacts(statement.kind, predicate.signer.value, key, _says(said), times.of(said), verified))
    return tuple(facts)


def _says(predicate: Predicate) -> str:
    match predicate:
        case SealPredicate():
            return f"sealed as {predicate.name} {predicate.version}"
        case AuditPredicate():
            return f"round {predicate.round} " + ("passed" if predicate.passed else "did not pass")
        case TriagePredicate():
            return f"labelled {len(predicate.labels)} findings of round {predicate.round} by {predicate.policy[:19]}"
        case LabelPredicate() | UndoPredicate() | RepairPredicate():
            return _a_person_says(predicate)
        case ApprovalPredicate():
            return f"may go to {predicate.name}@{predicate.channel}"
        case _:
            return ""


def _a_person_says(predicate: LabelPredicate | UndoPredicate | RepairPredicate) -> str:
    if isinstance(predicate, RepairPredicate):
        why = f": {predicate.reason}" if predicate.reason else ""
        return f"{predicate.decision}ed the repair suggested after round {predicate.round}{why}"
    did = "labelled" if isinstance(predicate, LabelPredicate) else "took back labels of"
    return f"{did} {len(predicate.labels)} findings of round {predicate.round}, as a person"
