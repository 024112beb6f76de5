"""The Dossier: everything in the store that speaks for or against a digest, read but not yet believed."""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.canonical import Digest, digest_bytes, folder_of
from iirl_core.errors import NotFound, Tampered
from iirl_core.signing import AuditPredicate, parse_statement, statements_of
from iirl_core.store.protocol import Store


@dataclass(frozen=True)
class Dossier:
    """``seals``, ``audits``, ``approvals`` and ``revocations`` are envelopes about ``digest``; ``audit_files`` are the
    digests that the files of ``audits/DIGEST/ROUND/NAME`` really have, by (round, name), without those that are gone.
    """

    digest: Digest
    seals: tuple[bytes, ...]
    audits: tuple[bytes, ...]
    approvals: tuple[bytes, ...]
    revocations: tuple[bytes, ...]
    audit_files: frozenset[tuple[int, str, Digest]]

    def broken_files(self, audit: AuditPredicate) -> list[str]:
        """Names of the audit's files that are gone or changed since it was signed."""
        return [name for name, digest in audit.files if (audit.round, name, digest) not in self.audit_files]


def read_dossier(store: Store, digest: Digest) -> Dossier:
    """Collect what the store has about ``digest``."""
    audits = tuple(statements_of(store, digest, AuditPredicate.kind))
    files = set()
    for data in audits:
        try:
            audit = AuditPredicate.from_fields(parse_statement(data).fields)
        except Tampered:
            continue  # whoever decides will refuse it and say why
        for name, _ in audit.files:
            try:
                files.add((audit.round, name, digest_bytes(store.get(audit_file(digest, audit.round, name)))))
            except NotFound:
                continue
    return Dossier(
        digest,
        tuple(statements_of(store, digest, "seal")),
        audits,
        tuple(statements_of(store, digest, "approval")),
        tuple(statements_of(store, digest, "revocation")),
        frozenset(files),
    )


def audit_file(digest: Digest, round: int, name: str) -> str:
    """The key of one file of an audit."""
    return f"audits/{folder_of(digest)}/{round}/{name}"
