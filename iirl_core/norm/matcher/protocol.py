"""What a matcher is: which conversations a norm speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from iirl_core.canonical import JsonValue
from iirl_core.config.norms import Part
from iirl_core.demonstration import Conversation


class Matcher(Protocol):
    """Frozen, small, and picklable: it travels with its norm."""

    def matches(self, items: Sequence[Conversation], sources: Sequence[str]) -> NDArray[np.bool_]:
        """``[N]``: whether each of ``items`` is one that the norm speaks of; ``sources[i]`` is where the record came
        from that ``items[i]`` was made from ("" where nobody knows).
        """
        ...

    def told(self) -> str:
        """What it matches, in words, for a report."""
        ...

    def document(self) -> dict[str, JsonValue]:
        """All that decides what it matches."""
        ...


PARTS: dict[Part, str] = {"answer": "answer", "prompt": "prompt", "both": "prompt or the answer"}
"""In words."""


def text_of(item: Conversation, part: Part) -> str:
    """The answer; all turns before it, a line each; or both, the prompt first."""
    turns = {"answer": item.messages[-1:], "prompt": item.context, "both": item.messages}[part]
    return "\n".join(turn.content for turn in turns)
