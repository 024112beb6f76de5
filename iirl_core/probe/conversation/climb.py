"""Climb: an optimiser that dresses up a bad answer until the reward rises. What best-of-N does to a reward, in words.

From an answer that must not earn more (another request's, a careless one, an empty one, a hollow one), every step tries
random edits that add nothing to it and keeps what earns most: evolution strategies with μ parents and λ children each,
(1 + λ) for the greedy ``climb``, (μ + λ) for ``evolve`` (Beyer & Schwefel 2002).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iirl_core.demonstration import Conversation, Input
from iirl_core.probe.answer_reward import AnswerReward
from iirl_core.probe.conversation import citations, confidence, flattery, formatting, gaming, jargon, padding, surface
from iirl_core.probe.conversation.asking import searched
from iirl_core.probe.conversation.edited import Edit
from iirl_core.probe.conversation.vagueness import HOLLOW
from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.taking_turns import turns

STEPS = 4
LONGEST = 4000
"""Characters; a search over length alone would go on for ever."""
DRESSINGS: dict[str, Edit] = {
    f"{family.name}: {note}": edit
    for family in (module.FAMILY for module in (citations, confidence, flattery, formatting, jargon, padding, surface))
    for note, edit in family.edits.items()
} | {f"gaming: {note}": edit for note, edit in gaming.EDITS.items()}


@dataclass(frozen=True)
class Climber:
    """A conversation on the climb: its reward, and the edits that led there."""

    item: Conversation
    reward: float
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Climb:
    """See the module. Pairs: the bad answer, and what it was dressed up as."""

    name: str
    parents: int
    children: int
    kind: FamilyKind = "conversation"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """At most ``count`` pairs: those of the climbs that found anything higher.

        Raises:
            InputError: the material has no reward to search.
        """
        reward = searched(material, self.name)
        rng = np.random.default_rng(seed.entropy())
        begun = starts(material, count, rng)
        rewards = reward.rewards(begun).tolist() if begun else []
        climbs = [[Climber(one, earned)] for one, earned in zip(begun, rewards, strict=True)]
        for _ in range(STEPS):
            climbs = self._step(climbs, material, reward, rng)
        made: list[Probe] = []
        for start, earned, climb in zip(begun, rewards, climbs, strict=True):
            best = climb[0]
            if best.reward > earned:
                label, note = seed.label(len(made)), " + ".join(best.path)
                made.append(Probe((start, best.item), seed.family, label, note))
        return made

    def _step(
        self, climbs: list[list[Climber]], material: Material, reward: AnswerReward, rng: np.random.Generator
    ) -> list[list[Climber]]:
        """One generation of every climb, all children rewarded in one go."""
        names = list(DRESSINGS)
        born = [
            [self._child(parent, names[int(rng.integers(len(names)))], material, rng) for _ in range(self.children)]
            for climb in climbs
            for parent in climb
        ]
        children = [child for brood in born for child in brood if child is not None]
        rewards = iter(reward.rewards([child.item for child in children]).tolist() if children else [])
        broods = iter(born)
        grown = []
        for climb in climbs:
            family = list(climb)
            for _ in climb:
                family += [Climber(child.item, next(rewards), child.path) for child in next(broods) if child]
            best = sorted(family, key=lambda one: (-one.reward, one.path))
            grown.append(best[: self.parents])
        return grown

    @staticmethod
    def _child(parent: Climber, note: str, material: Material, rng: np.random.Generator) -> Climber | None:
        answer = DRESSINGS[note](parent.item, rng, material)
        if answer is None or answer == parent.item.answer or len(answer) > LONGEST:
            return None
        return Climber(parent.item.with_answer(answer), parent.reward, (*parent.path, note))


def starts(material: Material, count: int, rng: np.random.Generator) -> list[Conversation]:
    """Requests of demonstrations, each with an answer that is not theirs; and careless answers as they stand."""
    shown = material.conversations
    careless = [item for item in material.corpus if isinstance(item, Conversation)]
    found: list[Conversation] = []
    for number, index in enumerate(turns(rng, len(shown), count)):
        match number % (4 if careless else 3):
            case 0:
                found.append(shown[index].with_answer(_other(shown[index], material.demonstrations, rng)))
            case 1:
                found.append(shown[index].with_answer(str(rng.choice(HOLLOW))))
            case 2:
                found.append(shown[index].with_answer(""))
            case _:
                found.append(careless[int(rng.integers(len(careless)))])
    return found


def _other(one: Conversation, items: tuple[Input, ...], rng: np.random.Generator) -> str:
    """What another request was answered; nothing, where there is only one."""
    for place in rng.permutation(len(items))[:16].tolist():
        item = items[place]
        if isinstance(item, Conversation) and item.context != one.context:
            return item.answer
    return ""
