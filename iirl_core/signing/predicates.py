"""What statements say, one frozen type per kind. Each is *about* a digest and is signed by one role.

Statements hold no times, so that doing a step again makes the same bytes; the log says when.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from iirl_core.canonical import Digest, JsonValue
from iirl_core.errors import ArtifactError
from iirl_core.signing.fields import Fields, is_digest
from iirl_core.signing.keys import KeyRole


class Predicate(Protocol):
    """A kind of statement. ``from_fields`` is the inverse of ``document`` and raises Tampered on anything else."""

    kind: ClassVar[str]
    signer: ClassVar[KeyRole]

    def document(self) -> dict[str, JsonValue]:
        """As JSON."""
        ...

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        """From JSON."""
        ...


@dataclass(frozen=True)
class SealPredicate:
    """The builder: this digest is version ``version`` of ``name``, made from ``parent`` (None: a root)."""

    name: str
    version: str
    parent: Digest | None

    kind: ClassVar[str] = "seal"
    signer: ClassVar[KeyRole] = KeyRole.BUILDER

    def document(self) -> dict[str, JsonValue]:
        """As JSON."""
        return {"name": self.name, "version": self.version, "parent": self.parent}

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        """From JSON."""
        return cls(fields.text("name"), fields.text("version"), fields.optional_digest("parent"))


@dataclass(frozen=True)
class AuditPredicate:
    """The auditor: round ``round`` of this digest's audit passed or not, and ``reasons`` why not.

    ``files`` are the files of ``audits/DIGEST/ROUND/`` by name, with their digests (``audit.json`` among them).
    """

    round: int
    passed: bool
    reasons: tuple[str, ...]
    files: tuple[tuple[str, Digest], ...]

    kind: ClassVar[str] = "audit"
    signer: ClassVar[KeyRole] = KeyRole.AUDITOR

    def document(self) -> dict[str, JsonValue]:
        """As JSON."""
        files: dict[str, JsonValue] = dict(self.files)
        return {"round": self.round, "passed": self.passed, "reasons": list(self.reasons), "files": files}

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        """From JSON."""
        inner = fields.inner("files")
        files = tuple((name, inner.digest(name)) for name in sorted(inner.document))
        return cls(fields.integer("round"), fields.flag("passed"), fields.texts("reasons"), files)


@dataclass(frozen=True)
class TriagePredicate:
    """The auditor, by a written policy and never as a person: the labels of a round's findings.

    ``policy`` is ``policy:`` and the digest (without ``sha256:``) of the policy that decided; ``labels`` are pairs of
    a finding's id and its label, and ``files`` those of ``audits/DIGEST/ROUND/`` that triage made (none: findings were
    not laid out for people). A round may be triaged again, under another policy: of its statements the one with the
    highest ``sequence`` (from 0 on) counts.

    Raises:
        ArtifactError: ``policy`` is anything else.
    """

    round: int
    policy: str
    labels: tuple[tuple[str, str], ...]
    sequence: int = 0
    files: tuple[tuple[str, Digest], ...] = ()

    kind: ClassVar[str] = "triage"
    signer: ClassVar[KeyRole] = KeyRole.AUDITOR

    def __post_init__(self) -> None:
        if not self.policy.startswith("policy:") or not is_digest(self.policy.replace("policy:", "sha256:", 1)):
            raise ArtifactError(f"triage by {self.policy!r}", "policy: and a digest of 64 hexadecimal digits")

    def document(self) -> dict[str, JsonValue]:
        """As JSON; without files, as it was before there were any."""
        labels: dict[str, JsonValue] = dict(self.labels)
        said: dict[str, JsonValue] = {"round": self.round, "policy": self.policy, "sequence": self.sequence}
        files: dict[str, JsonValue] = dict(self.files)
        return said | {"labels": labels} | ({"files": files} if files else {})

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        """From JSON."""
        inner = fields.inner("files") if "files" in fields.document else Fields(fields.what, {})
        files = tuple((name, inner.digest(name)) for name in sorted(inner.document))
        labels = fields.pairs("labels")
        return cls(fields.integer("round"), fields.text("policy"), labels, fields.integer("sequence"), files)


@dataclass(frozen=True)
class ApprovalPredicate:
    """The approver: because of the audit statement ``audit``, this digest may go to ``channel`` of ``name``."""

    name: str
    channel: str
    audit: Digest

    kind: ClassVar[str] = "approval"
    signer: ClassVar[KeyRole] = KeyRole.APPROVER

    def document(self) -> dict[str, JsonValue]:
        """As JSON."""
        return {"name": self.name, "channel": self.channel, "audit": self.audit}

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        """From JSON."""
        return cls(fields.text("name"), fields.text("channel"), fields.digest("audit"))


@dataclass(frozen=True)
class RevocationPredicate:
    """The approver: this digest must not be released or rolled back to any more, because of ``reason``."""

    reason: str

    kind: ClassVar[str] = "revocation"
    signer: ClassVar[KeyRole] = KeyRole.APPROVER

    def document(self) -> dict[str, JsonValue]:
        """As JSON."""
        return {"reason": self.reason}

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        """From JSON."""
        return cls(fields.text("reason"))
