"""Whether a digest may go to a channel: a pure function of what the manifest says and what was signed about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from iirl_core.canonical import Digest
from iirl_core.enforcement import Thresholds
from iirl_core.errors import ArtifactError
from iirl_core.release.dossier import Dossier
from iirl_core.release.release import Release
from iirl_core.signing import (
    ApprovalPredicate,
    AuditPredicate,
    Predicate,
    RevocationPredicate,
    SealPredicate,
    Trust,
    Verified,
    verify_envelope,
)

P = TypeVar("P", bound=Predicate)


class Decision(StrEnum):
    """What to do with a candidate."""

    RELEASE = "release"
    ALREADY = "already released"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Facts:
    """What the candidate's manifest says, and under which name it is to be released."""

    wanted_name: str
    name: str
    version: str
    parent: Digest | None
    digest: Digest


@dataclass(frozen=True)
class Gate:
    """The decision, every reason against it, and the audit that speaks for it (None where none does)."""

    decision: Decision
    reasons: tuple[str, ...]
    audit: Verified[AuditPredicate] | None


def decide_release(
    facts: Facts, dossier: Dossier, trust: Trust, current: Release | None, thresholds: Thresholds
) -> Gate:
    """Release only what a trusted builder sealed, a trusted auditor passed in its latest round, and nobody revoked."""
    reasons = [*_name_reasons(facts), *_seal_reasons(facts, dossier, trust), *_revocation_reasons(dossier, trust)]
    audit, against = _latest_audit(dossier, trust)
    reasons += against
    if reasons or audit is None:
        return Gate(Decision.REFUSE, tuple(reasons), audit)
    now = (current.digest, current.audit, current.thresholds) if current else None
    already = now == (facts.digest, audit.digest, thresholds)
    return Gate(Decision.ALREADY if already else Decision.RELEASE, (), audit)


def decide_rollback(back: Release | None, dossier: Dossier | None, trust: Trust) -> Gate:
    """Go back to ``back`` (None: there is none) only while its audit still holds and nobody revoked it."""
    if back is None or dossier is None:
        return Gate(Decision.REFUSE, ("no release came before it",), None)
    audit, reasons = _latest_audit(dossier, trust)
    reasons = [*_revocation_reasons(dossier, trust), *reasons]
    return Gate(Decision.REFUSE if reasons else Decision.RELEASE, tuple(reasons), audit)


def decide_admission(release: Release, dossier: Dossier, trust: Trust) -> tuple[str, ...]:
    """Every reason not to serve ``release``, whose own signature holds already; empty: serve it.

    The audit that counts is the one that the release names: a later audit that fails calls for a rollback, not for an
    outage when a server happens to start again.
    """
    reasons = [*_sealed_reasons(dossier, trust), *_revocation_reasons(dossier, trust)]
    audits, why = believed(dossier.audits, trust, AuditPredicate, release.digest)
    audit = next((one.predicate for one in audits if one.digest == release.audit), None)
    if audit is None:
        reasons.append(why or f"the audit {release.audit[:19]} that it was released for is gone")
    elif not audit.passed:
        reasons.append(f"the audit of round {audit.round} that it was released for did not pass")
    elif broken := dossier.broken_files(audit):
        reasons.append(f"files of its audit of round {audit.round} are gone or changed: {', '.join(broken)}")
    approvals, why = believed(dossier.approvals, trust, ApprovalPredicate, release.digest)
    said = ApprovalPredicate(release.name, release.channel, release.audit)
    if not any(one.digest == release.approval and one.predicate == said for one in approvals):
        reasons.append(why or f"the approval {release.approval[:19]} is gone or says something else")
    return tuple(reasons)


def believed(envelopes: Iterable[bytes], trust: Trust, kind: type[P], digest: Digest) -> tuple[list[Verified[P]], str]:
    """The statements that hold, and why the last of the others does not ("" where there are no others)."""
    found, why = [], ""
    for data in envelopes:
        try:
            found.append(verify_envelope(data, trust, kind, digest))
        except ArtifactError as error:
            why = str(error).rstrip(".")
    return found, why


def _name_reasons(facts: Facts) -> list[str]:
    if facts.name == facts.wanted_name:
        return []
    return [f"the artifact is a version of {facts.name}, not of {facts.wanted_name}"]


def _sealed_reasons(dossier: Dossier, trust: Trust) -> list[str]:
    seals, why = believed(dossier.seals, trust, SealPredicate, dossier.digest)
    return [] if seals else [why or "no builder has sealed it"]


def _seal_reasons(facts: Facts, dossier: Dossier, trust: Trust) -> list[str]:
    if reasons := _sealed_reasons(dossier, trust):
        return reasons
    seals, _ = believed(dossier.seals, trust, SealPredicate, facts.digest)
    said = SealPredicate(facts.name, facts.version, facts.parent)
    if all(seal.predicate != said for seal in seals):
        return ["the builder's seal names another version or parent than the manifest"]
    return []


def _revocation_reasons(dossier: Dossier, trust: Trust) -> list[str]:
    revocations, _ = believed(dossier.revocations, trust, RevocationPredicate, dossier.digest)
    return [f"it is revoked ({revocation.predicate.reason})" for revocation in revocations]


def _latest_audit(dossier: Dossier, trust: Trust) -> tuple[Verified[AuditPredicate] | None, list[str]]:
    """The trusted audit of the highest round and what speaks against it. A former pass excuses no later failure."""
    audits, why = believed(dossier.audits, trust, AuditPredicate, dossier.digest)
    if not audits:
        return None, [why or "it was never audited"]
    # Of two audits of one round the failed one counts.
    latest = max(audits, key=lambda audit: (audit.predicate.round, not audit.predicate.passed))
    if not latest.predicate.passed:
        said = "; ".join(latest.predicate.reasons) or "no reason given"
        return None, [f"its audit of round {latest.predicate.round} did not pass ({said})"]
    if broken := dossier.broken_files(latest.predicate):
        return None, [f"files of its audit of round {latest.predicate.round} are gone or changed: {', '.join(broken)}"]
    return latest, []
