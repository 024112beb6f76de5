"""Events: what the log tells of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from iirl_core.canonical import Digest
from iirl_core.errors import InputError
from iirl_core.signing.fields import is_digest

EventKind = Literal[
    "ingest",
    "imitate",
    "sample",
    "seal",
    "evaluate",
    "audit",
    "triage",
    "label",
    "undo",
    "patch",
    "revert",
    "reorder",
    "forget",
    "accept",
    "reject",
    "release",
    "rollback",
    "revocation",
    "serve",
]
EVENT_KINDS: tuple[str, ...] = get_args(EventKind)


@dataclass(frozen=True)
class Event:
    """Something that happened to ``subject`` (an artifact's digest; a corpus's for ``ingest``), which goes by ``name``.

    ``by`` is the id of the key that signed it ("" where nothing was signed); ``details`` are sorted by name.

    Raises:
        InputError: the kind is unknown or the subject is not a digest.
    """

    kind: EventKind
    subject: Digest
    name: str
    by: str = ""
    details: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in EVENT_KINDS:
            raise InputError(f"event {self.kind!r}", f"one of {', '.join(EVENT_KINDS)}")
        if not is_digest(self.subject):
            raise InputError(f"an event about {self.subject!r}", "sha256: and 64 hexadecimal digits")
        object.__setattr__(self, "details", tuple(sorted(self.details)))

    def detail(self, name: str) -> str:
        """One of the details, "" where it is not there."""
        return dict(self.details).get(name, "")
