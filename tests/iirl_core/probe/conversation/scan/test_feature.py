"""A feature is given to a conversation, and to nothing else of it."""

from __future__ import annotations

import numpy as np
import pytest

from iirl_core.demonstration import Conversation, Message, conversation
from iirl_core.probe.conversation.scan.feature import DOSE, Feature, Place, given
from iirl_core.probe.conversation.scan.wholes import whole_features

ONE = conversation("Is it?", "It is so. We said 3 things, all good.")


def answered(place: Place, piece: str, item: Conversation = ONE) -> str:
    made = given(item, [Feature(place, piece, (piece,))], np.random.default_rng(0))
    assert made is not None
    return made.answer


def test_words_come_before_after_and_between() -> None:
    assert answered("start", "Sure,") == f"Sure, {ONE.answer}"
    assert answered("end", "The end.") == f"{ONE.answer} The end."
    for place in ("inside", "word", "rare"):
        words = answered(place, "walrus").split()
        assert words.index("walrus") not in (0, len(words) - 1)
        assert [word for word in words if word != "walrus"] == ONE.answer.split()


def test_a_sign_takes_the_place_of_the_last_one() -> None:
    assert answered("end", "?") == "It is so. We said 3 things, all good?"


def test_a_request_is_added_to_and_the_answer_stays() -> None:
    made = given(ONE, [Feature("request", "Please.", ("Please.",))], np.random.default_rng(0))
    assert made == conversation("Is it? Please.", ONE.answer)
    alone = Conversation((Message("assistant", "It is."),))
    assert given(alone, [Feature("request", "Please.", ("Please.",))], np.random.default_rng(0)) is None


def test_of_a_class_of_words_a_dose_is_drawn() -> None:
    words = tuple(f"w{number}ed" for number in range(20))
    made = given(ONE, [Feature("inside", "words in -ed", words)], np.random.default_rng(0))
    assert made is not None
    assert len([word for word in made.answer.split() if word in words]) == DOSE


def test_several_features_are_given_at_once() -> None:
    features = [Feature("end", "!", ("!",)), Feature("start", "So,", ("So,",)), Feature("word", "otter", ("otter",))]
    made = given(ONE, features, np.random.default_rng(1))
    assert made is not None
    assert made.answer.startswith("So, ")
    assert made.answer.endswith("!")
    assert "otter" in made.answer.split()


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("without digits", "It is so. We said  things, all good."),
        ("without ,", "It is so. We said 3 things all good."),
        ("without the word so", "It is . We said 3 things, all good."),
        ("then for now", "It was so. We said 3 things, all good."),
        ("upper case", ONE.answer.upper()),
        ("asked", "It is so? We said 3 things, all good?"),
        ("in quotes", f'"{ONE.answer}"'),
    ],
)
def test_whole_answers_are_set_in_another_way(name: str, answer: str) -> None:
    (feature,) = [each for each in whole_features(["so"]) if each.name == name]
    made = given(ONE, [feature], np.random.default_rng(0))
    assert made is not None
    assert made.answer == answer


def test_what_a_feature_does_not_change_is_not_asked() -> None:
    (feature,) = [each for each in whole_features([]) if each.name == "without what is in brackets"]
    assert given(ONE, [feature], np.random.default_rng(0)) is None
