"""Entries: events with their places in the chain, as they are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from iirl_core.canonical import Digest, JsonValue, canonical_json
from iirl_core.errors import Tampered
from iirl_core.log.event import Event, EventKind
from iirl_core.signing.fields import Fields


@dataclass(frozen=True)
class Entry:
    """An event with its place in the chain; ``time`` is UTC, ISO 8601, in seconds."""

    sequence: int
    previous: Digest | None
    """Of the bytes of the entry before; None for the first."""
    time: str
    event: Event

    def to_bytes(self) -> bytes:
        """As stored."""
        details: dict[str, JsonValue] = dict(self.event.details)
        return canonical_json(
            {
                "sequence": self.sequence,
                "previous": self.previous,
                "time": self.time,
                "event": self.event.kind,
                "subject": self.event.subject,
                "name": self.event.name,
                "by": self.event.by,
                "details": details,
            }
        )

    @staticmethod
    def from_bytes(sequence: int, data: bytes) -> Entry:
        """Parse the entry stored as ``sequence``.

        Raises:
            Tampered: it is malformed or says another sequence.
        """
        fields = Fields.parse(f"log entry {sequence}", data)
        if fields.integer("sequence") != sequence:
            raise Tampered(f"log entry {sequence} says that it is entry {fields.integer('sequence')}")
        kind = fields.text("event")
        known = next((one for one in get_args(EventKind) if one == kind), None)
        if known is None:
            raise Tampered(f"log entry {sequence} is of the unknown kind {kind!r}")
        event = Event(known, fields.digest("subject"), fields.text("name"), fields.text("by"), fields.pairs("details"))
        return Entry(sequence, fields.optional_digest("previous"), fields.text("time"), event)
