"""Scan: which single feature moves the reward most, whatever it may be. For flaws that nobody thought of.

Rewards learn what they should not: a brand, a greeting, a digit, a script. No list of edits holds them all, so the
reward is asked: features of a broad vocabulary (``lexicon``, the words of demonstrations, corpora and the encoder
itself, classes of words, signs, markup, ways of setting an answer, what an answer has in common with its request) are
put into answers whose reward has room to move, many at a time; what stands out is tested again, then alone on several
originals. What moved the reward surely, one way or either, is what the probes are about.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iirl_core.demonstration import Conversation
from iirl_core.probe.answer_reward import AnswerReward
from iirl_core.probe.conversation.asking import searched, sentences
from iirl_core.probe.conversation.climb import starts
from iirl_core.probe.conversation.scan.feature import PLACES, Feature, Place, given
from iirl_core.probe.conversation.scan.screening import logits
from iirl_core.probe.conversation.scan.search import CROWD, TOGETHER, Search
from iirl_core.probe.conversation.scan.vocabulary import vocabulary
from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.taking_turns import turns

SCREENED, CROWDED, AGAIN = 8, 8, 4
"""Tests of the first screening, of that of rare words, and of the second, a probe."""
REPEATS: dict[Place, int] = {"rare": 1}
"""Tests that hold a word in the first screening, 2 unless said: of a larger vocabulary, each chunk takes another
share.
"""
KEPT: dict[Place, int] = {
    "whole": 24,
    "relation": 16,
    "inside": 160,
    "word": 200,
    "rare": 600,
    "start": 32,
    "end": 32,
    "request": 96,
}
"""Those that stood out, which are screened again."""
FINALISTS: dict[Place, int] = {
    "whole": 8,
    "relation": 6,
    "inside": 10,
    "word": 6,
    "rare": 6,
    "start": 6,
    "end": 6,
    "request": 6,
}
"""Those that are tested alone: on ``ALONE`` originals, and the ``BEST`` of them on ``LONGER`` more."""
ALONE, LONGER = 8, 24
BEST = 10
LEAST, LESS = 0.05, 0.75
"""Sure effects on the reward below the first are none; those below this share of the largest are not asked about."""
DRAWN = 3
"""Candidates for an original: so many a probe, of which one is taken."""
CUT_EVERY = 4
"""Every fourth original is cut to its first sentence: a flaw may count in short answers alone."""
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
        tests, (together, part) = (CROWDED, CROWD[place]) if place in CROWD else (SCREENED, TOGETHER[place])
        room = max(1, int(tests * count * together * part / REPEATS.get(place, 2)))
        order = np.random.default_rng([seed.round, seed.seed, number]).permutation(len(there)).tolist()
        start = seed.chunk * room % len(there) if len(there) > room else 0
        taken += [there[one] for one in (order + order)[start : start + min(room, len(there))]]
    return taken


def search_of(material: Material, reward: AnswerReward, count: int, rng: np.random.Generator) -> Search:
    """Originals whose reward has room to move both ways: of a demonstration, and of careless answers and answers to
    other requests, ``DRAWN`` in all, the one that lies nearest to a reward of ½; ``count`` times, each once.
    """
    shown = [material.conversations[index] for index in turns(rng, len(material.conversations), count)]
    others = starts(material, (DRAWN - 1) * count, rng)
    drawn = [[one, *others[place::count]] for place, one in enumerate(shown)]
    lots = [[_cut(item) for item in lot] if place % CUT_EVERY == 0 else lot for place, lot in enumerate(drawn)]
    found = list(dict.fromkeys(item for lot in lots for item in lot if len(item.answer) >= SHORTEST))
    rewards = dict(zip(found, (reward.rewards(found) if found else np.zeros(0)).tolist(), strict=True))
    middle = [
        min(there, key=lambda item: float(np.abs(logits(np.array(rewards[item])))))
        for lot in lots
        if (there := [item for item in lot if item in rewards])
    ]
    originals = tuple(dict.fromkeys(middle))
    return Search(originals, np.array([rewards[item] for item in originals]), reward, rng)


def _cut(item: Conversation) -> Conversation:
    """Its first sentence."""
    return item.with_answer(sentences(item.answer)[0])


def found_by(search: Search, features: Sequence[Feature], count: int) -> list[tuple[float, Feature]]:
    """The ``BEST`` features with their sure effects, the largest first."""
    crowd = [feature for feature in features if feature.place in CROWD]
    ranked = search.screened([feature for feature in features if feature.place not in CROWD], SCREENED * count)
    ranked += search.screened(crowd, CROWDED * count, CROWD)
    finalists = _first(search.screened(_first(ranked, KEPT), AGAIN * count), FINALISTS)
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
