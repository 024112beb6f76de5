"""From edited answers to probes, and the words that edits are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from iirl_core.demonstration import Conversation
from iirl_core.probe.probe import ChunkSeed, Probe

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


def sentences(text: str) -> list[str]:
    """Split after ``. ! ? …`` and white space; at least one part, ``text`` itself."""
    return [part for part in _SENTENCE_END.split(text.strip()) if part] or [text]


def pairs(seed: ChunkSeed, made: Sequence[tuple[Conversation, str, str]]) -> list[Probe]:
    """(original, edited answer, note) → probes of an original and its edit."""
    return [
        Probe((original, original.with_answer(answer)), seed.family, seed.label(index), note)
        for index, (original, answer, note) in enumerate(made)
    ]


def singles(seed: ChunkSeed, made: Sequence[tuple[Conversation, str, str]]) -> list[Probe]:
    """(context, answer, note) → probes of one input."""
    return [
        Probe((context.with_answer(answer),), seed.family, seed.label(index), note)
        for index, (context, answer, note) in enumerate(made)
    ]
