"""Edited: what most families do. A demonstration, and its answer changed in one of several ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from iirl_core.demonstration import Conversation
from iirl_core.probe.conversation.asking import pairs
from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.taking_turns import turns

Edit = Callable[[Conversation, np.random.Generator, Material], str | None]
"""A demonstration → another answer; None where this answer gives the edit nothing to change."""


@dataclass(frozen=True)
class Edited:
    """Pairs of a demonstration and its edit; ``edits`` by note. Every edit is asked as often as any other, except where
    it has nothing to change: the next one that has takes its turn.
    """

    name: str
    edits: Mapping[str, Edit]
    kind: FamilyKind = "conversation"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` pairs, fewer where no edit changes a demonstration."""
        rng = np.random.default_rng(seed.entropy())
        originals = [material.conversations[i] for i in turns(rng, len(material.conversations), count)]
        return self._probes(originals, rng, seed, material)

    def again(self, one: Conversation, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """At most ``count`` pairs of ``one`` and an edit of it: all edits in turns, drawn anew."""
        return self._probes([one] * count, np.random.default_rng(seed.entropy()), seed, material)

    def _probes(
        self, originals: Sequence[Conversation], rng: np.random.Generator, seed: ChunkSeed, material: Material
    ) -> list[Probe]:
        notes = [list(self.edits)[i] for i in turns(rng, len(self.edits), len(originals))]
        made = [self._edited(one, note, rng, material) for one, note in zip(originals, notes, strict=True)]
        return pairs(seed, [each for each in made if each is not None])

    def _edited(
        self, one: Conversation, note: str, rng: np.random.Generator, material: Material
    ) -> tuple[Conversation, str, str] | None:
        names = list(self.edits)
        place = names.index(note)
        for name in (*names[place:], *names[:place]):
            answer = self.edits[name](one, rng, material)
            if answer is not None and answer != one.answer:
                return one, answer, name
        return None


def of_answer(edit: Callable[[str], str | None]) -> Edit:
    """An edit that looks at the answer alone, without chance."""
    return lambda one, rng, material: edit(one.answer)  # noqa: ARG005 - every edit has the same signature


def drawn(edit: Callable[[str, np.random.Generator], str | None]) -> Edit:
    """An edit that looks at the answer alone, and draws."""
    return lambda one, rng, material: edit(one.answer, rng)  # noqa: ARG005
