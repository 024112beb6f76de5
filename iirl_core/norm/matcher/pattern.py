"""A regular expression, with a limit on how long it may look: a repeat of what can be read in several ways tries ways
without number on a text that almost fits, and Python's own ``re`` would never give up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import regex
from numpy.typing import NDArray

from iirl_core.canonical import JsonValue
from iirl_core.config.norms import Part
from iirl_core.demonstration import Conversation
from iirl_core.errors import ConfigError
from iirl_core.norm.matcher.protocol import PARTS, text_of

SECONDS = 5.0
"""For one text: patterns that end at all need thousandths."""


@dataclass(frozen=True)
class Regex:
    """``pattern`` is found in ``part``.

    Raises:
        ConfigError (when it is asked): it looked at one text for longer than ``SECONDS``.
    """

    pattern: str
    part: Part

    def matches(self, items: Sequence[Conversation], sources: Sequence[str]) -> NDArray[np.bool_]:  # noqa: ARG002
        """See the protocol."""
        return np.array([self._found(text_of(item, self.part)) for item in items], dtype=np.bool_)

    def _found(self, text: str) -> bool:
        try:
            return regex.search(self.pattern, text, timeout=SECONDS) is not None
        except TimeoutError:
            raise ConfigError(
                f"norms: the pattern {self.pattern} looked at a text of {len(text):,} characters for {SECONDS:g} s",
                "one that comes to an end",
                "A repeat of what can be read in several ways, as in (a|aa)+, tries ways without number: write a+",
            ) from None

    def told(self) -> str:
        """See the protocol."""
        return f"the {PARTS[self.part]} has {self.pattern}"

    def document(self) -> dict[str, JsonValue]:
        """See the protocol."""
        return {"kind": "regex", "pattern": self.pattern, "part": self.part}
