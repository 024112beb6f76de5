"""Mismatch: a good answer, to another request."""

from __future__ import annotations

import numpy as np

from iirl_core.probe.conversation.asking import pairs
from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.taking_turns import turns

ATTEMPTS = 16


class Mismatch:
    """See the module. Pairs: a demonstration, and its request with another demonstration's answer; of another source
    where the corpus names more than one, because two requests of one kind may well share an answer.
    """

    name = "mismatch"
    kind: FamilyKind = "conversation"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` pairs, fewer where ``ATTEMPTS`` draws find no other answer."""
        rng = np.random.default_rng(seed.entropy())
        size = len(material.conversations)
        made = []
        for index in turns(rng, size, count):
            others = rng.integers(size, size=ATTEMPTS).tolist()
            other = next((other for other in others if _differs(material, index, other)), None)
            if other is not None:
                answer = material.conversations[other].answer
                made.append((material.conversations[index], answer, _note(material, other)))
        return pairs(seed, made)


def _differs(material: Material, index: int, other: int) -> bool:
    here, there = material.conversations[index], material.conversations[other]
    if here.context == there.context or here.answer == there.answer:
        return False
    return len(set(material.sources)) < 2 or material.sources[index] != material.sources[other]


def _note(material: Material, other: int) -> str:
    return f"answer of {material.sources[other]}" if material.sources else "another answer"
