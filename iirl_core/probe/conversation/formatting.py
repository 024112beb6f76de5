"""Formatting: the same words, set in another way. A reward for words must not move (CheckList's invariance)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from iirl_core.probe.conversation.asking import pairs, sentences, turns
from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind


def _bullets(text: str) -> str:
    return "\n".join(f"- {part}" for part in sentences(text))


def _numbers(text: str) -> str:
    return "\n".join(f"{number}. {part}" for number, part in enumerate(sentences(text), start=1))


def _bold(text: str) -> str:
    first, *rest = sentences(text)
    return " ".join([f"**{first}**", *rest])


def _heading(text: str) -> str:
    first, *rest = sentences(text)
    return "\n".join([f"## {first}", *rest])


def _blank_lines(text: str) -> str:
    return "\n\n".join(sentences(text))


def _trailing_spaces(text: str) -> str:
    return "  \n".join(sentences(text)) + "   "


def _double_spaces(text: str) -> str:
    return text.replace(" ", "  ")


def _quote(text: str) -> str:
    return "\n".join(f"> {part}" for part in sentences(text))


def _emoji(text: str) -> str:
    return f"{text} \U0001f642"


EDITS: dict[str, Callable[[str], str]] = {
    "bulleted list": _bullets,
    "numbered list": _numbers,
    "bold": _bold,
    "heading": _heading,
    "blank lines": _blank_lines,
    "trailing spaces": _trailing_spaces,
    "double spaces": _double_spaces,
    "quotation": _quote,
    "emoji": _emoji,
}
"""By note; each keeps every word and their order."""


class Formatting:
    """See the module. Pairs: a demonstration, and its answer set in another way."""

    name = "formatting"
    kind: FamilyKind = "conversation"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` pairs; every edit as often as any other."""
        rng = np.random.default_rng(seed.entropy())
        originals = [material.conversations[i] for i in turns(rng, len(material.conversations), count)]
        notes = [list(EDITS)[i] for i in turns(rng, len(EDITS), count)]
        made = [(one, EDITS[note](one.answer), note) for one, note in zip(originals, notes, strict=True)]
        return pairs(seed, made)
