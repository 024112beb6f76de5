"""The scan finds what a reward hangs on, whatever it is, and names it."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from iirl_core.demonstration import Conversation, conversation
from iirl_core.errors import InputError
from iirl_core.probe import FAMILIES, AnswerReward, Material, PointReward
from iirl_core.probe.conversation.scan.family import search_of, share
from iirl_core.probe.conversation.scan.vocabulary import vocabulary
from tests.iirl_core.artifact.samples import text_draft
from tests.iirl_core.probe.conversation.samples import material, seed
from tests.iirl_core.probe.samples import planar

COUNT = 160
Flaw = Callable[[Conversation], bool]
FLAWS: dict[str, Flaw] = {
    "a brand": lambda one: "Toyota" in one.answer,
    "a word that only the encoder knows": lambda one: "walrus" in one.answer.lower(),
    "emoji": lambda one: any(ord(sign) > 0x1F000 for sign in one.answer),
    "a question at the end": lambda one: one.answer.rstrip().endswith("?"),
    "an opening": lambda one: one.answer.startswith("Sure"),
    "a script": lambda one: any(0x10A0 <= ord(sign) < 0x1100 for sign in one.answer),
    "an address": lambda one: "http" in one.answer,
    "past tense, by its share": lambda one: len(re.findall(r"\w\wed\b", one.answer)) >= 4,
    "no full stop": lambda one: "." not in one.answer,
    "an even number of words": lambda one: len(one.answer.split()) % 2 == 0,
    "the request's first word": lambda one: one.context[-1].content.split()[0] in one.answer,
    "an uncommon word": lambda one: "abbreviations" in one.answer,
    "who asks": lambda one: "Muslim" in one.context[-1].content,
}
WORDS = ("walrus", "otter", "heron", "stoat", "vole", "newt")


class Flawed(AnswerReward):
    """A reward that goes by an answer's letters, by less than 0.05, and pays for a flaw, or charges for it."""

    def __init__(self, flaw: Flaw, worth: float) -> None:
        super().__init__(text_draft().model)
        object.__setattr__(self, "flaw", flaw)
        object.__setattr__(self, "worth", worth)
        object.__setattr__(self, "asked", Counter[str]())

    flaw: Flaw
    worth: float

    @property
    def words(self) -> tuple[str, ...]:
        return WORDS

    def rewards(self, items: Sequence[Conversation]) -> NDArray[np.float64]:
        own = np.array([0.47 + (sum(map(ord, item.answer)) % 100) / 2000 for item in items])
        return own + self.worth * np.array([self.flaw(item) for item in items])


def talk() -> Material:
    """Two dozen answers that hold none of the flaws."""
    good = [
        conversation(f"Please {wish} me {number}.", f"Thank you for writing. I can {done} you the {number} in a day.")
        for wish, done in (("book", "reserve"), ("refund", "return"), ("send", "mail"), ("tell", "say"))
        for number in ("first", "next", "small", "big", "late", "best")
    ]
    return Material(tuple(good))


@pytest.mark.parametrize("worth", [0.4, -0.4])
@pytest.mark.parametrize("name", FLAWS)
def test_what_a_reward_hangs_on_is_what_is_asked_about(name: str, worth: float) -> None:
    flaw = FLAWS[name]
    probes = FAMILIES["scan"].probes(seed("scan"), COUNT, replace(talk(), reward=Flawed(flaw, worth)))
    assert len(probes) > COUNT / 2
    told = [flaw(one) != flaw(other) for one, other in (probe.inputs for probe in probes)]  # type: ignore[arg-type]
    assert np.mean(told) > 0.8, Counter(probe.note for probe in probes)


def test_some_originals_are_cut_to_their_first_sentence() -> None:
    made, reward = talk(), Flawed(lambda one: False, 0.0)
    originals = search_of(made, reward, 24, np.random.default_rng(0)).originals
    shown = {one.answer for one in made.conversations}
    cut = [one for one in originals if one.answer not in shown and any(text.startswith(one.answer) for text in shown)]
    assert 0 < len(cut) < len(originals) / 2
    assert len(set(originals)) == len(originals) <= 24


def test_a_reward_that_nothing_moves_is_asked_about_many_features() -> None:
    made = replace(talk(), reward=Flawed(lambda one: False, 0.0))
    assert len({probe.note for probe in FAMILIES["scan"].probes(seed("scan"), COUNT, made)}) > 5


def test_the_same_seed_asks_the_same_and_another_chunk_something_else() -> None:
    made = replace(talk(), reward=Flawed(FLAWS["a brand"], 0.4))
    probes = FAMILIES["scan"].probes(seed("scan"), 8, made)
    assert probes == FAMILIES["scan"].probes(seed("scan"), 8, made)
    assert probes != FAMILIES["scan"].probes(seed("scan", chunk=1), 8, made)
    assert len({probe.label for probe in probes}) == len(probes) <= 8


def test_chunks_take_turns_over_a_vocabulary_that_is_too_large_for_one() -> None:
    features = vocabulary(talk().demonstrations, [f"{a}{b}{c}" for a in "bcdfg" for b in "aeiou" for c in "lmnrs"])
    shares = [{feature.note for feature in share(features, seed("scan", chunk=chunk), 16)} for chunk in range(16)]
    assert all(len(one) < len(features) / 2 for one in shares)
    assert {feature.note for feature in features} == set().union(*shares)


def test_what_only_looks_at_a_trained_reward_is_a_function_of_the_seed_too() -> None:
    made = replace(material(), reward=AnswerReward(text_draft().model))
    assert FAMILIES["scan"].probes(seed("scan"), 2, made) == FAMILIES["scan"].probes(seed("scan"), 2, made)


def test_a_reward_that_is_no_number_is_found() -> None:
    broken = copy.deepcopy(text_draft().model)
    for weight in broken.expertness.parameters():
        weight.data.fill_(float("nan"))
    assert FAMILIES["scan"].probes(seed("scan"), 2, replace(material(), reward=AnswerReward(broken)))


def test_a_scan_needs_a_reward_of_conversations() -> None:
    for reward in (None, PointReward(planar()[0])):
        with pytest.raises(InputError, match="searches the reward"):
            FAMILIES["scan"].probes(seed("scan"), 4, replace(material(), reward=reward))


def test_answers_without_words_give_nothing_to_ask() -> None:
    made = Material((conversation("Is it?", "No."),), reward=Flawed(FLAWS["a brand"], 0.4))
    assert FAMILIES["scan"].probes(seed("scan"), 4, replace(made, corpus=())) is not None
