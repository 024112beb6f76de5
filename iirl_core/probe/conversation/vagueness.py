"""Vagueness: an answer that sounds like one and commits to nothing."""

from __future__ import annotations

import re

from iirl_core.probe.conversation.edited import Edit, Edited, of_answer
from iirl_core.probe.conversation.phrases import instead

_NUMBER = re.compile(r"\d[\d.,:/-]*\d|\d")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z]\w+")
HOLLOW = (
    "There are several aspects to this, and the best way forward depends on the circumstances.",
    "This is something that can be looked at from many sides, each of which has its merits.",
    "It is important to take all relevant factors into account before coming to a conclusion.",
    "In general, the usual considerations apply, and the appropriate steps should be taken in due course.",
)


EDITS: dict[str, Edit] = {
    "numbers gone": of_answer(lambda text: _NUMBER.sub("some", text)),
    "names gone": of_answer(lambda text: _NAME.sub("something", text)),
    "hollow": instead(HOLLOW),
}
"""By note; each says less."""
FAMILY = Edited("vagueness", EDITS)
