"""Order: the same words in an order that makes less sense."""

from __future__ import annotations

import numpy as np

from iirl_core.probe.conversation.asking import sentences
from iirl_core.probe.conversation.edited import Edit, Edited, drawn, of_answer


def _shuffled(parts: list[str], rng: np.random.Generator) -> list[str]:
    """In another order than they had."""
    order = rng.permutation(len(parts)).tolist()
    return [parts[place] for place in (order if order != sorted(order) else [*order[1:], order[0]])]


def _sentences_shuffled(text: str, rng: np.random.Generator) -> str | None:
    parts = sentences(text)
    return " ".join(_shuffled(parts, rng)) if len(parts) > 1 else None


def _sentences_backwards(text: str) -> str | None:
    parts = sentences(text)
    return " ".join(reversed(parts)) if len(parts) > 1 else None


def _words_shuffled(text: str, rng: np.random.Generator) -> str | None:
    words = text.split()
    return " ".join(_shuffled(words, rng)) if len(words) > 1 else None


EDITS: dict[str, Edit] = {
    "sentences shuffled": drawn(_sentences_shuffled),
    "sentences backwards": of_answer(_sentences_backwards),
    "words shuffled": drawn(_words_shuffled),
}
"""By note; each keeps every word."""
FAMILY = Edited("order", EDITS)
