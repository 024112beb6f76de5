"""Metadata: where the record came from that an input was made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iirl_core.canonical import JsonValue
from iirl_core.demonstration import Conversation


@dataclass(frozen=True)
class Source:
    """One of ``sources``; an input of unknown source is not matched."""

    sources: tuple[str, ...]

    def matches(self, items: Sequence[Conversation], sources: Sequence[str]) -> NDArray[np.bool_]:  # noqa: ARG002
        """See the protocol."""
        return np.array([source in self.sources for source in sources], dtype=np.bool_)

    def told(self) -> str:
        """See the protocol."""
        return f"the source is {' or '.join(self.sources)}"

    def document(self) -> dict[str, JsonValue]:
        """See the protocol."""
        return {"kind": "source", "sources": list(self.sources)}
