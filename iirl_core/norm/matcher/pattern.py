"""A regular expression."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iirl_core.canonical import JsonValue
from iirl_core.config.norms import Part
from iirl_core.demonstration import Conversation
from iirl_core.norm.matcher.protocol import PARTS, text_of


@dataclass(frozen=True)
class Regex:
    """``pattern`` is found in ``part``."""

    pattern: str
    part: Part

    def matches(self, items: Sequence[Conversation], sources: Sequence[str]) -> NDArray[np.bool_]:  # noqa: ARG002
        """See the protocol."""
        found = re.compile(self.pattern)
        return np.array([found.search(text_of(item, self.part)) is not None for item in items], dtype=np.bool_)

    def told(self) -> str:
        """See the protocol."""
        return f"the {PARTS[self.part]} has {self.pattern}"

    def document(self) -> dict[str, JsonValue]:
        """See the protocol."""
        return {"kind": "regex", "pattern": self.pattern, "part": self.part}
