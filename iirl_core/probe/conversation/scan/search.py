"""A Search for features that move a reward: many at once, then alone (successive halving, Karnin et al. 2013)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from iirl_core.demonstration import Conversation
from iirl_core.probe.answer_reward import AnswerReward
from iirl_core.probe.conversation.scan.feature import PLACES, Feature, Place, given
from iirl_core.probe.conversation.scan.screening import Floats, logits, scores, sure_effect, without_means
from iirl_core.probe.taking_turns import turns

TOGETHER: dict[Place, tuple[int, float]] = {
    "whole": (1, 0.4),
    "relation": (1, 0.4),
    "inside": (5, 1.0),
    "word": (6, 1.0),
    "rare": (6, 1.0),
    "start": (1, 0.5),
    "end": (1, 0.5),
    "request": (4, 0.5),
}
"""Features of one test by place: how many, in which share of the tests."""
CROWD: dict[Place, tuple[int, float]] = {"rare": (16, 1.0)}
"""The same where tens of thousands of words are screened, which few rewards hang on: in tests of their own."""


@dataclass(frozen=True, eq=False)
class Search:
    """``originals`` that features are put into, their ``rewards [N]``, and the ``reward`` that is asked."""

    originals: tuple[Conversation, ...]
    rewards: Floats
    reward: AnswerReward
    rng: np.random.Generator

    def screened(
        self, features: Sequence[Feature], tests: int, together: Mapping[Place, tuple[int, float]] = TOGETHER
    ) -> list[Feature]:
        """Those that ``tests`` tests of many at once could hold, what stood out most first: by how much more the reward
        is in tests that hold it, or by how much more it moves in them, up or down.
        """
        if not features:
            return []
        chosen = turns(self.rng, len(self.originals), tests)
        handfuls = self._handfuls(features, tests, together)
        made = [
            given(self.originals[place], [features[one] for one in handful], self.rng)
            for place, handful in zip(chosen, handfuls, strict=True)
        ]
        changes = self._changes(chosen, made, logits)
        # What is done to a whole answer moves it most, and would hide what else was done to it.
        is_whole = np.array([feature.place == "whole" for feature in features])
        groups = [next((one for one in handful if is_whole[one]), -1) for handful in handfuls]
        rest = without_means(changes, groups)
        final = np.where(is_whole, *(_standing_out(len(features), handfuls, each) for each in (changes, rest)))
        order = np.lexsort((np.arange(len(features)), -final))
        return [features[one] for one in order.tolist()]

    def alone(self, features: Sequence[Feature], count: int) -> list[tuple[float, Feature]]:
        """Each with its sure effect on the reward over ``count`` originals, the largest first."""
        tried = [turns(self.rng, len(self.originals), count) for _ in features]
        made = [
            given(self.originals[place], [feature], self.rng)
            for feature, places in zip(features, tried, strict=True)
            for place in places
        ]
        changes = self._changes([place for places in tried for place in places], made, lambda rewards: rewards)
        found = [
            (sure_effect(part), feature)
            for part, feature in zip(changes.reshape(len(features), count), features, strict=True)
        ]
        return sorted(found, key=lambda pair: (-pair[0], pair[1].note))

    def _changes(
        self, places: Sequence[int], made: Sequence[Conversation | None], scale: Callable[[Floats], Floats]
    ) -> Floats:
        """By how much each of ``made`` earns more than its original, on ``scale``; what changed nothing, nothing."""
        asked = [one for one in made if one is not None]
        found = iter(self.reward.rewards(asked).tolist() if asked else [])
        before = self.rewards[list(places)]
        after = [old if one is None else next(found) for old, one in zip(before.tolist(), made, strict=True)]
        changed: Floats = scale(np.array(after)) - scale(before)
        return changed

    def _handfuls(
        self, features: Sequence[Feature], tests: int, together: Mapping[Place, tuple[int, float]]
    ) -> list[list[int]]:
        """The features of each test; those of a place take turns."""
        handfuls: list[list[int]] = [[] for _ in range(tests)]
        for place in PLACES:
            there = [index for index, feature in enumerate(features) if feature.place == place]
            if not there:
                continue
            count, share = together[place]
            holders = np.flatnonzero(self.rng.random(tests) < share).tolist()
            order = iter(turns(self.rng, len(there), count * len(holders)))
            for holder in holders:
                handfuls[holder] += sorted({there[next(order)] for _ in range(count)})
        return handfuls


def _standing_out(size: int, tests: Sequence[Sequence[int]], changes: Floats) -> Floats:
    """``[size]``: the larger of a feature's scores, of changes and of how far they lie from their mean."""
    moved: Floats = np.abs(changes - changes.mean())
    found: Floats = np.maximum(np.abs(scores(size, tests, changes)), scores(size, tests, moved))
    return found
