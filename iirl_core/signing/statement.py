"""Statements: in-toto v1 in DSSE envelopes, signed by a role, about a digest, kept beside the artifact.

    {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": …, "digest": {"sha256": …}}],
     "predicateType": "urn:iirl:statement:KIND:v1", "predicate": {…}}

Source: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from iirl_core.canonical import Digest, canonical_json, digest_bytes, folder_of
from iirl_core.errors import ArtifactError, Conflict, Gated, Tampered
from iirl_core.signing.envelope import PAYLOAD_TYPE, Envelope, Signature
from iirl_core.signing.fields import Fields, is_digest
from iirl_core.signing.keys import SigningKey
from iirl_core.signing.predicates import Predicate
from iirl_core.signing.trust import Trust
from iirl_core.store.protocol import Store

P = TypeVar("P", bound=Predicate)

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_PREDICATE_TYPE = re.compile(r"urn:iirl:statement:([a-z]+):v1")


@dataclass(frozen=True)
class Subject:
    """What a statement is about: a digest, and the name it goes by."""

    name: str
    digest: Digest


@dataclass(frozen=True)
class Statement:
    """A parsed statement that *nobody has verified yet*; for printing, and for choosing what to verify.

    ``data`` is the envelope as stored and ``digest`` that of its bytes; ``keyids`` are only claimed.
    """

    data: bytes
    kind: str
    subjects: tuple[Subject, ...]
    fields: Fields
    keyids: tuple[str, ...]

    @property
    def digest(self) -> Digest:
        """The digest of the whole envelope: how other statements name this one."""
        return digest_bytes(self.data)


@dataclass(frozen=True)
class Verified(Generic[P]):
    """A statement that holds: signed by a trusted key of the right role, about the right digest."""

    predicate: P
    subject: Subject
    keyid: str
    digest: Digest
    """Of the envelope."""


def sign_statement(key: SigningKey, subject: Subject, predicate: Predicate) -> bytes:
    """The envelope of ``predicate`` about ``subject``. Equal statements by one key have equal bytes.

    Raises:
        ArtifactError: the key's role does not sign this kind, or the subject's digest is not one.
    """
    if key.role != predicate.signer:
        raise ArtifactError(f"a {predicate.kind} statement signed by the {key.role}", f"the {predicate.signer}'s key")
    if not is_digest(subject.digest):
        raise ArtifactError(f"a statement about {subject.digest!r}", "sha256: and 64 hexadecimal digits")
    payload = canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": subject.name, "digest": {"sha256": subject.digest.removeprefix("sha256:")}}],
            "predicateType": f"urn:iirl:statement:{predicate.kind}:v1",
            "predicate": predicate.document(),
        }
    )
    unsigned = Envelope(PAYLOAD_TYPE, payload, ())
    return Envelope(PAYLOAD_TYPE, payload, (Signature(key.id, key.sign(unsigned.signed_bytes)),)).to_bytes()


def parse_statement(data: bytes) -> Statement:
    """Read an envelope without believing it.

    Raises:
        Tampered: it is not an in-toto v1 statement of ours in a DSSE envelope.
    """
    envelope = Envelope.from_bytes(data)
    if envelope.payload_type != PAYLOAD_TYPE:
        raise Tampered(f"an envelope of type {envelope.payload_type!r}", PAYLOAD_TYPE)
    fields = Fields.parse("a statement", envelope.payload)
    if fields.text("_type") != STATEMENT_TYPE:
        raise Tampered(f"a statement of type {fields.text('_type')!r}", STATEMENT_TYPE)
    kind = _PREDICATE_TYPE.fullmatch(fields.text("predicateType"))
    if kind is None:
        raise Tampered(f"a predicate of type {fields.text('predicateType')!r}", "urn:iirl:statement:KIND:v1")
    subjects = tuple(_subject(one) for one in fields.inners("subject"))
    if not subjects:
        raise Tampered("a statement about nothing", "at least one subject")
    keyids = tuple(signature.keyid for signature in envelope.signatures)
    return Statement(data, kind[1], subjects, fields.inner("predicate"), keyids)


def _subject(fields: Fields) -> Subject:
    digest = "sha256:" + fields.inner("digest").text("sha256")
    if not is_digest(digest):
        raise Tampered(f"a statement about {digest[:80]!r}", "64 lower-case hexadecimal digits of sha256")
    return Subject(fields.text("name"), Digest(digest))


def verify_envelope(data: bytes, trust: Trust, predicate: type[P], subject: Digest) -> Verified[P]:
    """The statement in ``data``, if a trusted key of the predicate's role signed exactly it about ``subject``.

    Raises:
        Tampered: malformed, of another kind, about another digest, or the signature does not hold.
        Gated: no signature is by a trusted key, or only by keys trusted in another role.
    """
    statement = parse_statement(data)
    what = f"the {predicate.kind} statement {statement.digest[:19]}"
    if statement.kind != predicate.kind:
        raise Tampered(f"a statement of the kind {statement.kind}", predicate.kind)
    about = next((one for one in statement.subjects if one.digest == subject), None)
    if about is None:
        named = ", ".join(one.digest[:19] for one in statement.subjects)
        raise Tampered(f"{what} is about {named}", subject[:19])
    keyid = _signer(what, Envelope.from_bytes(data), trust, predicate)
    return Verified(predicate.from_fields(statement.fields), about, keyid, statement.digest)


def _signer(what: str, envelope: Envelope, trust: Trust, predicate: type[Predicate]) -> str:
    """The id of the first trusted key of the right role whose signature holds."""
    refusal: Tampered | Gated = Gated(f"{what} carries no signature", f"the {predicate.signer}'s")
    for signature in envelope.signatures:
        known = trust.find(signature.keyid)
        named = f"key {signature.keyid[:12] or '(none)'}"
        if not known:
            refusal = Gated(f"{what} is signed by the unknown {named}", f"a trusted {predicate.signer} key")
        elif all(key.role != predicate.signer for key in known):
            refusal = Gated(f"{what} is signed by the {known[0].role}'s {named}", f"the {predicate.signer}'s key")
        elif not known[0].verifies(signature.sig, envelope.signed_bytes):
            refusal = Tampered(f"{what} carries a bad signature of {named}", "one over exactly these bytes")
        else:
            return signature.keyid
    raise refusal


def store_statement(store: Store, data: bytes) -> str:
    """Keep an envelope at ``statements/DIGEST/KIND-<12 hex>.json``; doing it again is a no-op. Returns the key.

    Raises:
        Conflict: other bytes lie there.
    """
    statement = parse_statement(data)
    key = f"statements/{folder_of(statement.subjects[0].digest)}/{statement.kind}-{statement.digest[7:19]}.json"
    try:
        store.create(key, data)
    except Conflict:
        if store.get(key) != data:
            raise
    return key


def statements_of(store: Store, digest: Digest, kind: str = "") -> Iterator[bytes]:
    """The envelopes stored about ``digest``, of one kind or of all, in the order of their keys; none is verified."""
    prefix = f"statements/{folder_of(digest)}/"
    for key in store.list(prefix + (f"{kind}-" if kind else "")):
        yield store.get(key)


def statement_named(store: Store, subject: Digest, kind: str, digest: Digest) -> bytes:
    """The one envelope with that digest.

    Raises:
        NotFound: it is not stored.
        Tampered: the stored bytes have another digest.
    """
    data = store.get(f"statements/{folder_of(subject)}/{kind}-{digest[7:19]}.json")
    if digest_bytes(data) != digest:
        raise Tampered(f"the stored {kind} statement has the digest {digest_bytes(data)[:19]}", digest[:19])
    return data
