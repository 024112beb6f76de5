"""What the report says of signed statements."""

from __future__ import annotations

from iirl_core.canonical import Digest
from iirl_core.errors import ArtifactError
from iirl_core.report import StatementFacts
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
from jobs.report.times import Times

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
