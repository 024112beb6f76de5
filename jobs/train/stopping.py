"""Early stopping: decided from the held-out losses so far, so that a resumed run decides as the first would have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class HeldOut:
    """What a model was worth after ``step`` on the rows held out of training: ``loss``, and how often it is right
    (``accuracy``; None for a family of one class).
    """

    step: int
    loss: float
    accuracy: float | None


def best_of(history: Sequence[HeldOut]) -> HeldOut:
    """The lowest loss, the first of equals; ``history`` is not empty. What is no number is never the lowest."""
    return min(history, key=lambda one: (one.loss != one.loss, one.loss))


def is_over(history: Sequence[HeldOut], patience: int | None) -> bool:
    """Whether the last ``patience`` evaluations brought no lower loss than the best before them (Prechelt 1998, "Early
    stopping: but when?", criterion UP); never where ``patience`` is None.
    """
    if patience is None or len(history) <= patience:
        return False
    best = best_of(history)
    return sum(one.step > best.step for one in history) >= patience
