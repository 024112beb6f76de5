"""What happened to an artifact and its ancestors: their audits, the findings, what triage and people said of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from iirl_core.audit import Audit, Finding, TriageLabel, findings_from_bytes, part_from_bytes
from iirl_core.canonical import Digest, digest_bytes
from iirl_core.errors import NotFound, Tampered
from iirl_core.release import audit_file
from iirl_core.signing import (
    AuditPredicate,
    LabelPredicate,
    TriagePredicate,
    Trust,
    UndoPredicate,
    verify_envelope,
)
from iirl_core.signing.statement import statements_of
from iirl_core.store.protocol import Store
from iirl_core.triage import Right, Said, Settled, Withdrawn, acted_on, rights, said_in, settle, withdrawn_in
from jobs.lineage import audit_of, lineage

FINDINGS = "findings.parquet"
COVERAGE = "coverage.safetensors"
PLACES = "places.safetensors"
_NAMES = {FINDINGS: ("the findings", "are", "were")}
"""What messages call a file that has another name for people."""


@dataclass(frozen=True)
class PastRound:
    """One audit of one ancestor, its signature verified; ``triage`` is what the policy last said of it (None: not yet);
    ``said`` and ``withdrawn`` is what people did, in signed statements; a label that spread counts from ``confidence``
    on.
    """

    store: Store
    digest: Digest
    audit: Audit
    triage: TriagePredicate | None
    said: tuple[Said, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()
    confidence: float = 1.0

    @cached_property
    def settled(self) -> Mapping[str, Settled]:
        """What people's labels come to, by finding; only those that they spoke of."""
        return settle(self.said, self.withdrawn)

    @cached_property
    def rights(self) -> Mapping[str, Right]:
        """What people say is right, by finding that they settled to be a flaw."""
        found = rights(self.said, self.withdrawn)
        return {name: right for name, right in found.items() if self.settled[name].label is TriageLabel.FLAW}

    @cached_property
    def labels(self) -> Mapping[str, TriageLabel]:
        """By finding: what people say, also where it spread to; else what the policy says. Empty where nobody did."""
        policy = {name: TriageLabel(label) for name, label in self.triage.labels} if self.triage else {}
        return policy | acted_on(self.settled, self.confidence)

    def findings(self) -> list[Finding]:
        """The verified findings that were kept, worst first.

        Raises:
            Tampered: they are gone, or are not those that the audit lists.
        """
        return findings_from_bytes(self.file(FINDINGS, self.audit.findings_file))

    def every_finding(self) -> Iterator[Finding]:
        """All verified findings, one part after the other: those beyond ``audit.keep_findings`` lie there alone.

        Raises:
            Tampered: a part is gone, or is not the one that the audit lists.
        """
        for part in self.audit.parts:
            yield from part_from_bytes(self.file(*part)).findings

    def file(self, name: str, signed: Digest) -> bytes:
        """One of the round's files, if it is the one that was ``signed``.

        Raises:
            Tampered: it is gone, or was changed.
        """
        told, are, were = _NAMES.get(name, (name, "is", "was"))
        try:
            data = self.store.get(audit_file(self.digest, self.audit.round, name))
        except NotFound as error:
            raise Tampered(f"{told} of round {self.audit.round} about {self.digest[:19]} {are} gone") from error
        if digest_bytes(data) != signed:
            raise Tampered(f"{told} of round {self.audit.round} about {self.digest[:19]} {were} changed")
        return data

    @property
    def triaged(self) -> bool:
        """Whether the policy has spoken."""
        return self.triage is not None or self.audit.kept == 0


def history_of(store: Store, digest: Digest, trust: Trust, confidence: float = 1.0) -> list[PastRound]:
    """Every audited round of ``digest`` and its ancestors, oldest first. People's labels that spread count from
    ``confidence`` on (1: hardly any does).

    Raises:
        NotFound, Tampered, Gated: an ancestor, an audit or a label does not hold, or is signed by a strange key.
    """
    rounds = [
        past for ancestor in lineage(store, digest) for past in _rounds(store, ancestor.digest, trust, confidence)
    ]
    return sorted(rounds, key=lambda past: past.audit.round)


def _rounds(store: Store, digest: Digest, trust: Trust, confidence: float) -> Iterator[PastRound]:
    labelled = [
        verify_envelope(data, trust, LabelPredicate, digest)
        for data in statements_of(store, digest, LabelPredicate.kind)
    ]
    undone = [
        verify_envelope(data, trust, UndoPredicate, digest) for data in statements_of(store, digest, UndoPredicate.kind)
    ]
    for data in statements_of(store, digest, AuditPredicate.kind):
        told = verify_envelope(data, trust, AuditPredicate, digest).predicate
        yield PastRound(
            store,
            digest,
            audit_of(store, digest, told),
            latest_triage(store, digest, told.round, trust),
            tuple(said for one in labelled if one.predicate.round == told.round for said in said_in(one)),
            tuple(back for one in undone if one.predicate.round == told.round for back in withdrawn_in(one)),
            confidence,
        )


def finding_of(history: Sequence[PastRound], name: str) -> Finding | None:
    """The newest verified finding ``name``: sought among those that were kept in any round, then in the parts, which
    are large.

    Raises:
        Tampered: a file that was looked through is gone, or is not the one that its audit lists.
    """
    kept = (one for past in reversed(history) for one in past.findings())
    beyond = (one for past in reversed(history) for one in past.every_finding())
    return next((one for one in chain(kept, beyond) if one.id == name), None)


Question = tuple[str, str]
"""A norm and a probe's label: what is asked again in later rounds, and found again under other ids."""


def words_on_questions(history: Iterable[PastRound]) -> dict[Question, TriageLabel]:
    """What people who looked at it last said of each question, in any of these rounds, oldest first. What only spread
    to a finding says nothing of the question.
    """
    words: dict[Question, TriageLabel] = {}
    for past in history:
        direct = {name: said.label for name, said in past.settled.items() if said.direct}
        if direct:
            words |= {(one.norm, one.label): direct[one.id] for one in past.findings() if one.id in direct}
    return words


def labelled_before(history: Iterable[PastRound], findings: Sequence[Finding]) -> dict[str, TriageLabel]:
    """By finding: the label that people gave to the same question in these rounds."""
    words = words_on_questions(history)
    return {one.id: words[one.norm, one.label] for one in findings if (one.norm, one.label) in words}


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


def latest_round(store: Store, digest: Digest, trust: Trust, confidence: float = 1.0) -> PastRound:
    """The newest audit of ``digest`` itself; ``confidence`` as in ``history_of``.

    Raises:
        NotFound: it was never audited.
        Tampered, Gated: as ``history_of``.
    """
    rounds = list(_rounds(store, digest, trust, confidence))
    if not rounds:
        raise NotFound(f"{digest[:19]} was never audited", todo="Audit it with: iirl audit CONFIG.yaml")
    return max(rounds, key=lambda past: past.audit.round)
