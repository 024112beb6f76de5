"""DSSE envelopes (Dead Simple Signing Envelope v1): a payload with its type, and signatures over both.

    PAE(type, body)     = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body
    envelope            = {"payload": base64(body), "payloadType": type, "signatures": [{"keyid", "sig": base64}]}

Source: https://github.com/secure-systems-lab/dsse, protocol.md and envelope.md.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from iirl_core.canonical import canonical_json
from iirl_core.errors import Tampered
from iirl_core.signing.fields import Fields

PAYLOAD_TYPE = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class Signature:
    """``keyid`` is a hint that says which key to try; only the key itself proves anything."""

    keyid: str
    sig: bytes


@dataclass(frozen=True)
class Envelope:
    """A signed payload."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]

    @property
    def signed_bytes(self) -> bytes:
        """What the signatures are over."""
        return pae(self.payload_type, self.payload)

    def to_bytes(self) -> bytes:
        """The envelope as canonical JSON."""
        signatures = [{"keyid": one.keyid, "sig": base64.b64encode(one.sig).decode()} for one in self.signatures]
        payload = base64.b64encode(self.payload).decode()
        return canonical_json({"payload": payload, "payloadType": self.payload_type, "signatures": signatures})

    @staticmethod
    def from_bytes(data: bytes) -> Envelope:
        """Parse; standard and URL-safe base64 are both accepted, as the specification asks of verifiers.

        Raises:
            Tampered: it is not a DSSE envelope.
        """
        fields = Fields.parse("a DSSE envelope", data)
        signatures = tuple(
            Signature(one.optional_text("keyid") or "", _decode(one.text("sig"))) for one in fields.inners("signatures")
        )
        return Envelope(fields.text("payloadType"), _decode(fields.text("payload")), signatures)


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text.translate(str.maketrans("-_", "+/")), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Tampered("a DSSE envelope holds something that is not base64") from error
