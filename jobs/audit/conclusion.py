"""What a round comes to: the audit, its files beside the parts, and the auditor's statement about them."""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.audit import Audit, Coverage, Movement, decide_verdict, findings_to_bytes
from iirl_core.audit.unshown import kinds_of
from iirl_core.canonical import Digest, digest_bytes
from iirl_core.config import Config
from iirl_core.log import Event, append_once
from iirl_core.norm import NUMBER, Norm, norms_digest
from iirl_core.release import audit_file
from iirl_core.signing import (
    AuditPredicate,
    SigningKey,
    Subject,
    sign_statement,
    statements_of,
    store_statement,
)
from iirl_core.store import Store
from jobs.audit.asking import RoundResult
from jobs.history import COVERAGE, FINDINGS


@dataclass(frozen=True, eq=False)
class Gathered:
    """What was learnt in a round: all that was ``asked``, the ``coverage`` fitted to it, and the ``movements`` of the
    reward with what cannot matter.
    """

    asked: RoundResult
    coverage: Coverage
    movements: tuple[Movement, ...]


def conclude(
    told: Gathered, config: Config, norms: tuple[Norm, ...], digest: Digest, round_: int
) -> tuple[Audit, dict[str, bytes]]:
    """The audit, with its verdict, and its files beside the parts."""
    merged = told.asked.merged
    hard = {norm.id for norm in (*norms, NUMBER) if norm.hard}
    open_hard = sum(result.broken for result in merged.families if result.norm in hard)
    files = {FINDINGS: findings_to_bytes(merged.findings), COVERAGE: told.coverage.to_bytes()}
    audit = Audit(
        digest=digest,
        round=round_,
        seed=config.seed,
        norms=norms_digest(norms),
        probes=merged.asked,
        families=merged.families,
        findings=sum(result.broken for result in merged.families),
        refuted=merged.refuted,
        kept=len(merged.findings),
        open_hard=open_hard,
        findings_file=digest_bytes(files[FINDINGS]),
        coverage_file=digest_bytes(files[COVERAGE]),
        histogram=merged.histogram,
        parts=told.asked.files,
        cells=merged.cells,
        examples=merged.examples,
        movements=told.movements,
        choices=told.asked.choices,
        moving=merged.moving,
        unplaced=merged.unplaced,
        unshown=kinds_of(merged.strangers),
        held_out=tuple(config.audit.held_out),
        verdict=decide_verdict(norms, merged.families, open_hard, told.movements),
    )
    return audit, {**files, "audit.json": audit.to_bytes()}


def keep(store: Store, key: SigningKey, name: str, audit: Audit, files: dict[str, bytes]) -> None:
    """Put the files, sign and log the audit; done before, nothing happens."""
    for file, data in files.items():
        store.put(audit_file(audit.digest, audit.round, file), data)
    digests = tuple(sorted((file, digest_bytes(data)) for file, data in files.items()))
    said = AuditPredicate(audit.round, audit.verdict.passed, audit.verdict.reasons, digests)
    statement = sign_statement(key, Subject(name, audit.digest), said)
    if statement not in statements_of(store, audit.digest, AuditPredicate.kind):
        details = (("round", str(audit.round)), ("findings", str(audit.findings)), ("passed", str(said.passed).lower()))
        append_once(store, Event("audit", audit.digest, name, key.id, details))
        store_statement(store, statement)
