"""What happened to an artifact and its ancestors: their audits, the findings, and what triage said of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from iirl_core.audit import Audit, Finding, TriageLabel, findings_from_bytes
from iirl_core.canonical import Digest, digest_bytes
from iirl_core.errors import NotFound, Tampered
from iirl_core.release import audit_file
from iirl_core.signing import AuditPredicate, TriagePredicate, Trust, verify_envelope
from iirl_core.signing.statement import statements_of
from iirl_core.store.protocol import Store
from jobs.lineage import audit_of, lineage

FINDINGS = "findings.parquet"


@dataclass(frozen=True)
class PastRound:
    """One audit of one ancestor, its signature verified; ``labels`` are triage's, by finding id (none yet: empty)."""

    store: Store
    digest: Digest
    audit: Audit
    labels: Mapping[str, TriageLabel]

    def findings(self) -> list[Finding]:
        """The verified findings that were kept, worst first.

        Raises:
            Tampered: they are gone, or are not those that the audit lists.
        """
        try:
            data = self.store.get(audit_file(self.digest, self.audit.round, FINDINGS))
        except NotFound as error:
            raise Tampered(f"the findings of round {self.audit.round} about {self.digest[:19]} are gone") from error
        if digest_bytes(data) != self.audit.findings_file:
            raise Tampered(f"the findings of round {self.audit.round} about {self.digest[:19]} were changed")
        return findings_from_bytes(data)

    def dismissed(self, finding: Finding) -> bool:
        """Whether triage said that it is no flaw."""
        return self.labels.get(finding.id) is TriageLabel.NOT_A_FLAW

    @property
    def triaged(self) -> bool:
        """Whether triage has spoken."""
        return bool(self.labels) or self.audit.kept == 0


def history_of(store: Store, digest: Digest, trust: Trust) -> list[PastRound]:
    """Every audited round of ``digest`` and its ancestors, oldest first.

    Raises:
        NotFound, Tampered, Gated: an ancestor, an audit or a label does not hold, or is signed by a strange key.
    """
    rounds = [past for ancestor in lineage(store, digest) for past in _rounds(store, ancestor.digest, trust)]
    return sorted(rounds, key=lambda past: past.audit.round)


def _rounds(store: Store, digest: Digest, trust: Trust) -> Iterator[PastRound]:
    for data in statements_of(store, digest, AuditPredicate.kind):
        said = verify_envelope(data, trust, AuditPredicate, digest).predicate
        triaged = latest_triage(store, digest, said.round, trust)
        labels = {finding: TriageLabel(label) for finding, label in triaged.labels} if triaged else {}
        yield PastRound(store, digest, audit_of(store, digest, said), labels)


def latest_triage(store: Store, digest: Digest, round_: int, trust: Trust) -> TriagePredicate | None:
    """What triage last said of a round; None where it has said nothing.

    Raises:
        Tampered, Gated: a triage does not hold, or is signed by a strange key.
    """
    found = [
        verify_envelope(data, trust, TriagePredicate, digest).predicate
        for data in statements_of(store, digest, TriagePredicate.kind)
    ]
    return max((said for said in found if said.round == round_), key=lambda said: said.sequence, default=None)


def latest_round(store: Store, digest: Digest, trust: Trust) -> PastRound:
    """The newest audit of ``digest`` itself.

    Raises:
        NotFound: it was never audited.
        Tampered, Gated: as ``history_of``.
    """
    rounds = list(_rounds(store, digest, trust))
    if not rounds:
        raise NotFound(f"{digest[:19]} was never audited", todo="Audit it with: iirl audit CONFIG.yaml")
    return max(rounds, key=lambda past: past.audit.round)
