"""Audits: who signed them, whether their files are those that were signed, and what the last one says."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from iirl_core.canonical import digest_bytes
from iirl_core.errors import Tampered
from iirl_core.release import Dossier, audit_file
from iirl_core.signing import AuditPredicate, Trust, parse_statement
from iirl_core.store import Store
from jobs.lineage import audit_of
from jobs.proof.check import Check, ask, signature_of, signed_by


def audits_of(store: Store, dossier: Dossier, trust: Trust) -> Iterator[Check]:
    """Each audit by its round, and the verdict of the last that holds."""
    held: list[AuditPredicate] = []
    for data in sorted(dossier.audits, key=_round):
        signed = signature_of(data, trust, AuditPredicate, dossier.digest)
        yield Check(_audit_name(data), signed_by(signed.found), signed.problem)
        if signed.found:
            held.append(signed.found.predicate)
            told = ask(partial(_audit_told, store, dossier, held[-1]))
            yield Check(f"files of audit round {held[-1].round}", told.found or "", told.problem)
    if not held:
        yield Check("verdict", problem="no audit of it holds. Run: iirl audit CONFIG.yaml.")
        return
    last = max(held, key=lambda audit: (audit.round, not audit.passed))
    problem = "" if last.passed else f"round {last.round} did not pass ({'; '.join(last.reasons)})."
    yield Check("verdict", f"passed in round {last.round}", problem)


def _audit_told(store: Store, dossier: Dossier, said: AuditPredicate) -> str:
    """What the audit found, if its files are those that were signed and say what the statement says."""
    if broken := dossier.broken_files(said):
        raise Tampered(f"gone or changed: {', '.join(broken)}")
    audit = audit_of(store, dossier.digest, said)
    if (audit.digest, audit.round, audit.verdict.passed) != (dossier.digest, said.round, said.passed):
        raise Tampered("audit.json says something else than the signed statement")
    for name, digest in audit.parts:
        data = store.get(audit_file(audit.digest, audit.round, name))
        if digest_bytes(data) != digest:
            raise Tampered(f"{name} was changed")
    return f"{len(said.files) + len(audit.parts)} files; {audit.findings} findings over {audit.probes} probes"


def _audit_name(data: bytes) -> str:
    round_ = _round(data)
    return f"audit round {round_}" if round_ else "audit"


def _round(data: bytes) -> int:
    """Which round an audit's statement says it is of; 0 where it cannot be read."""
    try:
        return parse_statement(data).fields.integer("round")
    except Tampered:
        return 0
