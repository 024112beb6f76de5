"""Jargon: learned words that mean nothing here."""

from __future__ import annotations

from iirl_core.probe.conversation.edited import Edit, Edited
from iirl_core.probe.conversation.phrases import after, before, between, instead

PHRASES = (
    "From a holistic, stakeholder-centric perspective, this aligns with best-in-class paradigms.",
    "This leverages the underlying epistemic framework in a multidimensional fashion.",
    "The salient heuristics are, mutatis mutandis, orthogonal to the operative modality.",
    "A synergistic operationalisation of these vectors is thereby actuated.",
)

EDITS: dict[str, Edit] = {
    "jargon before": before(PHRASES),
    "jargon after": after(PHRASES),
    "jargon throughout": between(PHRASES),
    "jargon alone": instead(PHRASES),
}
"""By note."""
FAMILY = Edited("jargon", EDITS)
