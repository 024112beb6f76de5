"""The Release: channel *c* of name *N* now means digest *d*, because of audit *a*, approved by key *k*."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import ClassVar, Self

from iirl_core.canonical import Digest, JsonValue
from iirl_core.enforcement import Thresholds
from iirl_core.errors import ArtifactError, InputError, Tampered
from iirl_core.signing import Fields, KeyRole, Trust, Verified, parse_statement, verify_envelope

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
"""What an artifact's name and a channel's are made of."""


@dataclass(frozen=True)
class Release:
    """What the approver signs. Releases of one channel are numbered from 1 on without gaps.

    ``audit`` and ``approval`` are the digests of those statements about ``digest``; ``approver`` is the signing key's
    id. ``previous`` is the digest that a rollback returns to and ``previous_release`` the statement that released it
    (both None for the first). ``rollback_of`` is the release statement that a rollback undid, None for a release.
    """

    name: str
    channel: str
    digest: Digest
    audit: Digest
    approval: Digest
    approver: str
    thresholds: Thresholds
    sequence: int
    previous: Digest | None
    previous_release: Digest | None
    rollback_of: Digest | None

    kind: ClassVar[str] = "release"
    signer: ClassVar[KeyRole] = KeyRole.APPROVER

    def __post_init__(self) -> None:
        if self.sequence < 1 or (self.previous is None) != (self.previous_release is None):
            raise ArtifactError(f"release {self.sequence} after {self.previous}", "a number ≥ 1 and a whole link back")

    def document(self) -> dict[str, JsonValue]:
        """As JSON; ``digest`` is the statement's subject too."""
        return asdict(self)

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        """From JSON."""
        limits = fields.inner("thresholds")
        thresholds = Thresholds(
            reward_floor=limits.number("reward_floor"),
            uncertainty_max=limits.number("uncertainty_max"),
            coverage_max=limits.number("coverage_max"),
            blocked=limits.choice("blocked", ("floor", "refuse")),
            escalated=limits.choice("escalated", ("lower-bound", "floor", "refuse")),
            beta=limits.number("beta"),
        )
        return cls(
            name=fields.text("name"),
            channel=fields.text("channel"),
            digest=fields.digest("digest"),
            audit=fields.digest("audit"),
            approval=fields.digest("approval"),
            approver=fields.text("approver"),
            thresholds=thresholds,
            sequence=fields.integer("sequence"),
            previous=fields.optional_digest("previous"),
            previous_release=fields.optional_digest("previous_release"),
            rollback_of=fields.optional_digest("rollback_of"),
        )


def channel_key(name: str, channel: str) -> str:
    """Where the channel's release statement lies.

    Raises:
        InputError: a name with other than lower-case letters, digits and hyphens.
    """
    for part in (name, channel):
        if not NAME.fullmatch(part):
            raise InputError(f"{name}@{channel}", "NAME@CHANNEL of lower-case letters, digits and hyphens")
    return f"channels/{name}/{channel}"


def released_digest(data: bytes) -> Digest:
    """The one digest that a release statement is about. Nothing is verified.

    Raises:
        Tampered: it is no statement, or about several.
    """
    subjects = parse_statement(data).subjects
    if len(subjects) != 1:
        raise Tampered(f"a release statement about {len(subjects)} digests", "one")
    return subjects[0].digest


def verify_release(data: bytes, trust: Trust, name: str, channel: str) -> Verified[Release]:
    """The release in an envelope, if a trusted approver signed it for this channel.

    Raises:
        Tampered: it does not hold, or is another channel's.
        Gated: as `verify_envelope`.
    """
    subject = released_digest(data)
    verified = verify_envelope(data, trust, Release, subject)
    release = verified.predicate
    if (release.name, release.channel) != (name, channel):
        raise Tampered(f"the release in {name}@{channel} is {release.name}@{release.channel}'s")
    if release.digest != subject or release.approver != verified.keyid:
        raise Tampered(f"the release in {name}@{channel} contradicts its own subject or signer")
    return verified
