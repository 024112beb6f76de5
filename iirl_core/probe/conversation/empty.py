"""Empty: an answer that says nothing at all."""

from __future__ import annotations

import numpy as np

from iirl_core.probe.conversation.asking import singles
from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.taking_turns import turns

EMPTY: dict[str, str] = {
    "nothing": "",
    "a space": " ",
    "line breaks": "\n\n",
    "a full stop": ".",
    "dots": "...",
    "an ellipsis": "…",
    "a dash": "-",
    "a question mark": "?",
    "ok": "ok",
    "Ok.": "Ok.",
    "hm": "Hm.",
    "n/a": "N/A",
    "none": "None",
    "done": "Done.",
    "a tick": "✓",
    "an emoji": "\U0001f44d",
}
"""By note."""


class Empty:
    """See the module. One input: a demonstration's request, answered with nothing."""

    name = "empty"
    kind: FamilyKind = "conversation"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` inputs; every kind of nothing as often as any other."""
        rng = np.random.default_rng(seed.entropy())
        contexts = [material.conversations[i] for i in turns(rng, len(material.conversations), count)]
        notes = [list(EMPTY)[i] for i in turns(rng, len(EMPTY), count)]
        return singles(seed, [(one, EMPTY[note], note) for one, note in zip(contexts, notes, strict=True)])
