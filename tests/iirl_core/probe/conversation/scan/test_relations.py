"""What an answer has in common with its request is given to it, a piece of its own for each."""

from __future__ import annotations

import numpy as np
import pytest

from iirl_core.demonstration import Conversation, Message, conversation
from iirl_core.probe.conversation.scan.feature import given
from iirl_core.probe.conversation.scan.relations import relation_features

ONE = conversation("Where is ward 12, tonight?", "It is here. Ask a nurse.")
FEATURES = {feature.name: feature for feature in relation_features(["Water", "wine", "ask"])}


def answered(name: str, item: Conversation = ONE) -> str | None:
    made = given(item, [FEATURES[name]], np.random.default_rng(0))
    return None if made is None else made.answer


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("the request's first word before", "Where It is here. Ask a nurse."),
        ("the request's last word inside", "It is here. tonight Ask a nurse."),
        ("the request's longest word after", "It is here. Ask a nurse tonight."),
        ("the request's first words before", "Where is ward It is here. Ask a nurse."),
        ("a number of the request inside", "It is here. 12 Ask a nurse."),
        ("the request in quotes before", '"Where is ward 12, tonight?" It is here. Ask a nurse.'),
        ("a word of the request's first letter before", "Water It is here. Ask a nurse."),
        ("its own first word after", "It is here. Ask a nurse It."),
        ("its own last word before", "Nurse It is here. Ask a nurse."),
        ("its own first sentence after", "It is here. Ask a nurse It is here."),
    ],
)
def test_a_piece_of_the_conversation_is_said_again(name: str, answer: str) -> None:
    assert answered(name) == answer


def test_the_request_stays_as_it_was() -> None:
    for feature in FEATURES.values():
        made = given(ONE, [feature], np.random.default_rng(0))
        assert made is None or made.context == ONE.context


def test_where_there_is_no_such_piece_nothing_is_asked() -> None:
    alone = Conversation((Message("assistant", "It is."),))
    assert answered("the request's first word before", alone) is None
    assert answered("a number of the request inside", conversation("Where?", "It is here.")) is None
    assert answered("a word of the request's first letter before", conversation("Xylophones?", "It is here.")) is None
    assert answered("its own first word after", conversation("Where?", "")) is None
