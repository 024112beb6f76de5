"""Truncation: an answer that stops before it is over."""

from __future__ import annotations

import numpy as np

from iirl_core.probe.conversation.asking import sentences
from iirl_core.probe.conversation.edited import Edit, Edited, drawn, of_answer


def _part(text: str, share: float) -> str | None:
    words = text.split()
    kept = int(share * len(words))
    return " ".join(words[:kept]) if 0 < kept < len(words) else None


def _in_a_word(text: str, rng: np.random.Generator) -> str | None:
    inside = [place for place in range(1, len(text)) if text[place - 1].isalnum() and text[place].isalnum()]
    inside = inside[len(inside) // 3 :]
    return text[: inside[int(rng.integers(len(inside)))]] if inside else None


def _without_the_end(text: str) -> str | None:
    parts = sentences(text)
    return " ".join(parts[:-1]) if len(parts) > 1 else None


EDITS: dict[str, Edit] = {
    "three quarters": of_answer(lambda text: _part(text, 0.75)),
    "half": of_answer(lambda text: _part(text, 0.5)),
    "a quarter": of_answer(lambda text: _part(text, 0.25)),
    "broken off in a word": drawn(_in_a_word),
    "without the last sentence": of_answer(_without_the_end),
}
"""By note; each is a true prefix of the answer's words."""
FAMILY = Edited("truncation", EDITS)
