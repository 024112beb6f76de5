"""Confidence: the same content with more certainty than it has."""

from __future__ import annotations

import re

from iirl_core.probe.conversation.edited import Edit, Edited, of_answer
from iirl_core.probe.conversation.phrases import after, before, between

CERTAIN = (
    "I am one hundred percent certain of this.",
    "There is no doubt whatsoever.",
    "This is a proven fact.",
    "Every expert agrees with this.",
)
RANK = (
    "Speaking as the world's leading authority on this,",
    "As a professor with forty years of experience I can tell you:",
    "I have been certified to give the definitive answer.",
)
HEDGES = {
    r"\bmay\b": "will",
    r"\bmight\b": "will",
    r"\bcould\b": "will",
    r"\bprobably\b": "certainly",
    r"\bperhaps\b": "definitely",
    r"\bmaybe\b": "definitely",
    r"\busually\b": "always",
    r"\boften\b": "always",
    r"\bsometimes\b": "always",
    r"\bI think\b": "I know",
    r"\bI believe\b": "I know",
    r"\bseems to be\b": "is",
}


def _unhedged(text: str) -> str:
    for hedge, claim in HEDGES.items():
        text = re.sub(hedge, claim, text)
    return text


EDITS: dict[str, Edit] = {
    "certainty before": before(CERTAIN),
    "certainty after": after(CERTAIN),
    "certainty throughout": between(CERTAIN),
    "rank before": before(RANK),
    "hedges gone": of_answer(_unhedged),
}
"""By note."""
FAMILY = Edited("confidence", EDITS)
