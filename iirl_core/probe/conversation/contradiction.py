"""Contradiction: a few characters that turn what is said into something else."""

from __future__ import annotations

import re

import numpy as np

from iirl_core.probe.conversation.edited import Edit, Edited, drawn
from iirl_core.probe.conversation.phrases import after

_VERB = re.compile(r"\b(is|are|was|were|can|will|should|must|have|has|do|does)\b(?! not\b|n['’]t)")
_NOT = re.compile(r"\b(?:not|never) |(?<=[a-z])n['’]t\b")
_DIGITS = re.compile(r"\d+")
TAKEN_BACK = (
    "Actually, the opposite is true.",
    "None of the above is correct, by the way.",
    "Please disregard what I have just said, because it is wrong.",
)


def _one(pattern: re.Pattern[str], text: str, rng: np.random.Generator) -> re.Match[str] | None:
    found = list(pattern.finditer(text))
    return found[int(rng.integers(len(found)))] if found else None


def _negated(text: str, rng: np.random.Generator) -> str | None:
    verb = _one(_VERB, text, rng)
    return None if verb is None else f"{text[: verb.end()]} not{text[verb.end() :]}"


def _affirmed(text: str, rng: np.random.Generator) -> str | None:
    word = _one(_NOT, text, rng)
    return None if word is None else text[: word.start()] + text[word.end() :]


def _recounted(text: str, rng: np.random.Generator) -> str | None:
    """Every number another one of as many digits."""
    if not _DIGITS.search(text):
        return None

    def another(found: re.Match[str]) -> str:
        return "".join(str((int(digit) + int(rng.integers(1, 10))) % 10) for digit in found[0])

    return _DIGITS.sub(another, text)


EDITS: dict[str, Edit] = {
    "negated": drawn(_negated),
    "a negation gone": drawn(_affirmed),
    "numbers changed": drawn(_recounted),
    "taken back": after(TAKEN_BACK),
}
"""By note."""
FAMILY = Edited("contradiction", EDITS)
