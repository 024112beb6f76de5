"""Citations: sources that do not exist."""

from __future__ import annotations

import numpy as np

from iirl_core.probe.conversation.asking import sentences
from iirl_core.probe.conversation.edited import Edit, Edited, drawn
from iirl_core.probe.conversation.phrases import before

NAMES = ("Halvorsen", "Okonkwo-Reid", "Tanimura", "Brandl", "Castellanos", "Whitcombe")
JOURNALS = ("Journal of Applied Answers", "Annals of General Advice", "Proceedings on Practical Matters")
STUDIES = (
    "According to a large study by leading universities,",
    "Research has shown in 94% of all cases that the following holds.",
    "A meta-analysis of 212 trials confirms what follows.",
)


def _reference(rng: np.random.Generator) -> str:
    return f"{rng.choice(NAMES)} et al., {int(rng.integers(1998, 2024))}"


def _after_each(text: str, rng: np.random.Generator) -> str:
    return " ".join(f"{part} ({_reference(rng)})" for part in sentences(text))


def _listed(text: str, rng: np.random.Generator) -> str:
    entries = [f"{_reference(rng)}. {rng.choice(JOURNALS)}, vol. {rng.integers(3, 60)}." for _ in range(3)]
    return "\n".join([text, "", "References:", *(f"[{number}] {one}" for number, one in enumerate(entries, start=1))])


EDITS: dict[str, Edit] = {
    "a study before": before(STUDIES),
    "a reference after each sentence": drawn(_after_each),
    "a list of references": drawn(_listed),
}
"""By note; each keeps the answer."""
FAMILY = Edited("citations", EDITS)
