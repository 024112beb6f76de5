"""Observations: inputs that a deployed reward was unsure of, that lay far from the demonstrations when
requests drifted away from them, or that a trainer reported. The next audit asks them.

observed/DIGEST/sha256-….jsonl    a batch of them, named by its content: written once, whoever writes it again
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from iirl_core.canonical import Digest, canonical_json, digest_bytes, folder_of
from iirl_core.demonstration import Input
from iirl_core.errors import InputError, Tampered
from iirl_core.records import document_of, parse_record
from iirl_core.store.protocol import Store

Reason = Literal["escalated", "drift", "reported"]
REPORTED: Reason = "reported"


@dataclass(frozen=True)
class Observation:
    """``input``, observed because enforcement *escalated* it, because it was among the farthest of requests that
    *drift*, or because a trainer *reported* it; ``note`` says why in their words.

    Raises:
        InputError: the reason is unknown.
    """

    reason: Reason
    input: Input
    note: str = ""

    def __post_init__(self) -> None:
        if self.reason not in get_args(Reason):
            raise InputError(f"an observation because of {self.reason!r}", f"one of {', '.join(get_args(Reason))}")


def keep_observations(store: Store, digest: Digest, observations: Sequence[Observation]) -> str:
    """Write a batch about the artifact ``digest``; the key it lies under."""
    documents = ({"reason": one.reason, "note": one.note, "input": document_of(one.input)} for one in observations)
    lines = [canonical_json(document) for document in documents]
    data = b"".join(line + b"\n" for line in lines)
    time = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    key = f"observed/{folder_of(digest)}/{time}-{folder_of(digest_bytes(data))}.jsonl"
    store.put(key, data)
    return key


def observations(store: Store, digest: Digest) -> Iterator[Observation]:
    """Everything that was observed of one artifact, the newest batch first.

    Raises:
        Tampered: a batch is not what its name says, or cannot be read.
    """
    for key in sorted(store.list(f"observed/{folder_of(digest)}/"), reverse=True):
        data = store.get(key)
        if not key.endswith(f"-{folder_of(digest_bytes(data))}.jsonl"):
            raise Tampered(f"{key} was changed", "the bytes that it is named after")
        yield from [_parsed(key, line) for line in data.splitlines()]


def _parsed(key: str, line: bytes) -> Observation:
    try:
        document = json.loads(line)
        return Observation(document["reason"], parse_record(document["input"]), str(document["note"]))
    except (InputError, ValueError, KeyError, TypeError) as error:
        raise Tampered(f"{key} cannot be read ({type(error).__name__}: {error})") from error
