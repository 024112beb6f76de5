"""Keywords: whole words, whatever their case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from iirl_core.canonical import JsonValue
from iirl_core.config.norms import Part
from iirl_core.demonstration import Conversation
from iirl_core.norm.matcher.protocol import PARTS, text_of


@dataclass(frozen=True)
class Keyword:
    """One of ``words`` (or phrases: any white space between their words) stands in ``part``."""

    words: tuple[str, ...]
    part: Part

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        phrases = (r"\s+".join(re.escape(word) for word in phrase.split()) for phrase in self.words)
        return re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?!\w)", re.IGNORECASE)

    def matches(self, items: Sequence[Conversation], sources: Sequence[str]) -> NDArray[np.bool_]:  # noqa: ARG002
        """See the protocol."""
        return np.array([self._pattern.search(text_of(item, self.part)) is not None for item in items], dtype=np.bool_)

    def told(self) -> str:
        """See the protocol."""
        return f"the {PARTS[self.part]} says {' or '.join(self.words)}"

    def document(self) -> dict[str, JsonValue]:
        """See the protocol."""
        return {"kind": "keyword", "words": list(self.words), "part": self.part}
