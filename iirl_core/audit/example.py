"""An Example: what a situation is like, by the input of the audit that lies nearest to its middle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from iirl_core.demonstration import Conversation, Input

SHOWN = 100
"""Characters of a text."""
DIMENSIONS = 6


@dataclass(frozen=True, order=True)
class Example:
    """``apart`` from the centre of ``situation``, in whitened coordinates; ``text`` for readers."""

    situation: int
    apart: float
    text: str


def example_of(situation: int, apart: float, item: Input) -> Example:
    """The last words of somebody else in a conversation, or its answer where nobody spoke before; the first state of a
    trajectory.
    """
    if isinstance(item, Conversation):
        text = " ".join((item.context[-1].content if item.context else item.answer).split())
        return Example(situation, apart, text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")
    numbers = [f"{value:.3g}" for value in item.observations[0, :DIMENSIONS].tolist()]
    more = ", …" if item.observations.shape[1] > DIMENSIONS else ""
    return Example(situation, apart, f"state ({', '.join(numbers)}{more})")


def nearest(examples: Iterable[Example]) -> tuple[Example, ...]:
    """One of each situation, in order; ties by their text."""
    kept: dict[int, Example] = {}
    for example in sorted(examples, reverse=True):
        kept[example.situation] = example
    return tuple(kept[situation] for situation in sorted(kept))
