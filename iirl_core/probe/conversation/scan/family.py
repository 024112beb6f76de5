"""Scan: which single feature moves the reward most, whatever it may be. For flaws that nobody thought of.

Rewards learn what they should not: a brand, a greeting, a digit, a script. No list of edits holds them all, so the
reward is asked: features of a broad vocabulary (``lexicon``, the words of demonstrations, corpora and the encoder
itself, classes of words, signs, markup, ways of setting an answer) are put into answers whose reward has room to move,
many at a time; what stands out is tested again, then alone on several originals. What moved the reward surely, and the
same way everywhere, is what the probes are about.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iirl_core.demonstration import Conversation
from iirl_core.probe.answer_reward import AnswerReward
from iirl_core.probe.conversation.asking import searched
from iirl_core.probe.conversation.climb import starts
from iirl_core.probe.conversation.scan.feature import PLACES, Feature, Place, given
from iirl_core.probe.conversation.scan.screening import logits
from iirl_core.probe.conversation.scan.search import TOGETHER, Search
from iirl_core.probe.conversation.scan.vocabulary import vocabulary
from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.taking_turns import turns

SCREENED, AGAIN = 8, 4
"""Tests of the first and of the second screening, a probe."""
REPEATS = 2
"""Tests that hold a word in the first screening: of a larger vocabulary, each chunk takes another share."""
KEPT: dict[Place, int] = {"whole": 24, "inside": 160, "word": 200, "rare": 200, "start": 32, "end": 32, "request": 96}
"""Those that stood out, which are screened again."""
FINALISTS: dict[Place, int] = {"whole": 8, "inside": 10, "word": 6, "rare": 6, "start": 6, "end": 6, "request": 6}
"""Those that are tested alone: on ``ALONE`` originals, and the ``BEST`` of them on ``LONGER`` more."""
ALONE, LONGER = 8, 24
BEST = 10
LEAST, LESS = 0.05, 0.6
"""Sure effects on the reward below the first are none; those below this share of the largest are not asked about."""
DRAWN = 3
"""Candidates for an original: so many a probe, of which one is taken."""
SHORTEST = 6
"""Characters of an answer that a feature is put into."""


class Scan:
    """See the module. Pairs: an original, and the same with one feature given to it; the note says which. Asked are the
    features of the largest sure effects, each as often as any other; where none has any, the ``BEST`` that came
    nearest, so that a reward which nothing moves is seen to hold.
    """

    name = "scan"
    kind: FamilyKind = "conversation"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """At most ``count`` pairs; none where no answer is long enough to be given anything.

        Raises:
            InputError: the material has no reward to search.
        """
        reward = searched(material, self.name)
        rng = np.random.default_rng(seed.entropy())
        search = search_of(material, reward, count, rng)
        if not search.originals or not count:
            return []
        every = vocabulary((*material.demonstrations, *material.corpus), reward.words)
        found = found_by(search, share(every, seed, count), count)
        # Beside the strongest, weak ones are the reward's own manner: they would only blur what is found.
        sure = [feature for effect, feature in found if effect >= max(LEAST, LESS * found[0][0])]
        return _asked(seed, search, sure or [feature for _, feature in found], count)


def share(features: Sequence[Feature], seed: ChunkSeed, count: int) -> list[Feature]:
    """Those that this chunk screens: of each place as many as its tests hold ``REPEATS`` times, others in each."""
    taken: list[Feature] = []
    for number, place in enumerate(PLACES):
        there = [feature for feature in features if feature.place == place]
        together, part = TOGETHER[place]
        room = max(1, int(SCREENED * count * together * part / REPEATS))
        order = np.random.default_rng([seed.round, seed.seed, number]).permutation(len(there)).tolist()
        start = seed.chunk * room % len(there) if len(there) > room else 0
        taken += [there[one] for one in (order + order)[start : start + min(room, len(there))]]
    return taken


def search_of(material: Material, reward: AnswerReward, count: int, rng: np.random.Generator) -> Search:
    """Originals whose reward has room to move both ways: of ``DRAWN · count`` demonstrations, careless answers and
    answers to other requests those ``count`` that lie nearest to a reward of ½.
    """
    shown = [material.conversations[index] for index in turns(rng, len(material.conversations), count)]
    others = starts(material, (DRAWN - 1) * count, rng)
    found = list(dict.fromkeys(item for item in (*shown, *others) if len(item.answer) >= SHORTEST))
    rewards = reward.rewards(found) if found else np.zeros(0)
    nearest = np.argsort(np.abs(logits(rewards)), kind="stable")[:count]
    return Search(tuple(found[place] for place in nearest.tolist()), rewards[nearest], reward, rng)


def found_by(search: Search, features: Sequence[Feature], count: int) -> list[tuple[float, Feature]]:
    """The ``BEST`` features with their sure effects, the largest first."""
    again = _first(search.screened(features, SCREENED * count), KEPT)
    finalists = _first(search.screened(again, AGAIN * count), FINALISTS)
    best = [feature for _, feature in search.alone(finalists, ALONE)[:BEST]]
    return search.alone(best, LONGER)


def _first(features: Sequence[Feature], most: dict[Place, int]) -> list[Feature]:
    """The first of each place."""
    return [feature for place in PLACES for feature in [one for one in features if one.place == place][: most[place]]]


def _asked(seed: ChunkSeed, search: Search, features: Sequence[Feature], count: int) -> list[Probe]:
    """Of each feature as many as of any other."""
    made: list[Probe] = []
    chosen = turns(search.rng, len(search.originals), count)
    for number, place in enumerate(chosen):
        feature, original = features[number % len(features)], search.originals[place]
        edited: Conversation | None = given(original, [feature], search.rng)
        if edited is not None:
            made.append(Probe((original, edited), seed.family, seed.label(len(made)), feature.note))
    return made
