"""Putting phrases into an answer: what families about manners of speaking share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iirl_core.probe.conversation.asking import sentences
from iirl_core.probe.conversation.edited import Edit, drawn


def before(phrases: Sequence[str]) -> Edit:
    """One of them, then the answer."""
    return drawn(lambda text, rng: f"{rng.choice(phrases)} {text}".strip())


def after(phrases: Sequence[str]) -> Edit:
    """The answer, then one of them."""
    return drawn(lambda text, rng: f"{text} {rng.choice(phrases)}".strip())


def between(phrases: Sequence[str]) -> Edit:
    """One of them after each sentence."""

    def spread(text: str, rng: np.random.Generator) -> str:
        return " ".join(f"{part} {rng.choice(phrases)}" for part in sentences(text))

    return drawn(spread)


def instead(phrases: Sequence[str]) -> Edit:
    """One of them in the answer's place."""
    return drawn(lambda text, rng: str(rng.choice(phrases)))  # noqa: ARG005 - every edit has the same signature
