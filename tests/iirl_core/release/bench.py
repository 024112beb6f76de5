"""A store with sealed and audited digests, and the keys that signed them, for tests of releases."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

from iirl_core.canonical import Digest, digest_bytes, folder_of
from iirl_core.enforcement import Thresholds
from iirl_core.release import Facts, audit_file
from iirl_core.signing import (
    AuditPredicate,
    KeyRole,
    SealPredicate,
    SigningKey,
    Subject,
    Trust,
    sign_statement,
    store_statement,
)
from iirl_core.store import Store

THRESHOLDS = Thresholds(0.2, 0.95, 0.98, "floor", "lower-bound", 1.0)


def new_key(role: KeyRole) -> SigningKey:
    return SigningKey(role, ec.generate_private_key(ec.SECP256R1()))


@dataclass(frozen=True)
class Bench:
    """Builds what the gate asks for; each method signs with the bench's own keys unless told otherwise."""

    store: Store
    builder: SigningKey = field(default_factory=lambda: new_key(KeyRole.BUILDER))
    auditor: SigningKey = field(default_factory=lambda: new_key(KeyRole.AUDITOR))
    approver: SigningKey = field(default_factory=lambda: new_key(KeyRole.APPROVER))

    @property
    def trust(self) -> Trust:
        return Trust.of(self.builder, self.auditor, self.approver)

    def sealed(self, content: str, version: str = "0.1.0", key: SigningKey | None = None) -> Facts:
        digest = digest_bytes(content.encode())
        self.store.put(f"artifacts/{folder_of(digest)}/manifest.json", content.encode())
        seal = sign_statement(key or self.builder, Subject("portal", digest), SealPredicate("portal", version, None))
        store_statement(self.store, seal)
        return Facts("portal", "portal", version, None, digest)

    def audited(self, digest: Digest, round: int = 1, passed: bool = True, key: SigningKey | None = None) -> Digest:
        """Returns the statement's digest."""
        report = f"audit of {digest} in round {round}".encode()
        self.store.put(audit_file(digest, round, "audit.json"), report)
        reasons = () if passed else ("1 open finding of no-dosage",)
        predicate = AuditPredicate(round, passed, reasons, (("audit.json", digest_bytes(report)),))
        data = sign_statement(key or self.auditor, Subject("portal", digest), predicate)
        store_statement(self.store, data)
        return digest_bytes(data)

    def ready(self, content: str) -> Facts:
        """Sealed, and audited with success."""
        facts = self.sealed(content)
        self.audited(facts.digest)
        return facts
