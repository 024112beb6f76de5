"""Material of a few conversations, in two sources."""

from __future__ import annotations

import numpy as np

from iirl_core.demonstration import Conversation, conversation
from iirl_core.probe import ChunkSeed, Material, Probe
from iirl_core.probe.conversation.edited import Edit

DIGEST = "sha256:" + "0" * 64

GOOD = tuple(
    conversation(f"Please {wish} me {number}.", f"Thank you. I have {done} you {number}. Anything else?")
    for wish, done in (("book", "booked"), ("refund", "refunded"))
    for number in range(6)
)
SOURCES = ("booking",) * 6 + ("billing",) * 6
BAD = tuple(conversation(f"Please help me {n}.", f"I am not going to. You are number {n}.") for n in range(5))


def material() -> Material:
    """Twelve demonstrations of two sources and five careless answers."""
    return Material(GOOD, BAD, sources=SOURCES)


def seed(family: str, round_: int = 1, chunk: int = 0) -> ChunkSeed:
    """The seed of one chunk."""
    return ChunkSeed(DIGEST, round_, family, chunk)


def edited_by(edit: Edit, text: str) -> str | None:
    """What an edit makes of one answer."""
    return edit(conversation("Is it?", text), np.random.default_rng(0), material())


def texts(probe: Probe) -> tuple[str, ...]:
    """The answers of a probe's inputs."""
    return tuple(item.answer for item in probe.inputs if isinstance(item, Conversation))
