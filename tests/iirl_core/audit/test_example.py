from __future__ import annotations

from iirl_core.audit.example import SHOWN, Example, example_of, nearest
from iirl_core.demonstration import Conversation, Message, Trajectory, conversation


def test_a_conversation_is_told_by_what_was_asked_of_it() -> None:
    assert example_of(0, 0.5, conversation("Where  is\nmy parcel?", "On its way.")).text == "Where is my parcel?"


def test_an_answer_to_nobody_is_told_by_itself_and_a_long_text_is_cut() -> None:
    text = example_of(0, 0.5, Conversation((Message("assistant", "word " * 80),))).text
    assert text.startswith("word word")
    assert text.endswith("…")
    assert len(text) == SHOWN


def test_a_trajectory_is_told_by_its_first_state() -> None:
    assert example_of(1, 0.0, Trajectory([[1.0, -2.5], [9.0, 9.0]])).text == "state (1, -2.5)"
    assert example_of(1, 0.0, Trajectory([[0.0] * 9])).text.endswith(", …)")


def test_the_nearest_example_of_each_situation_stays_whatever_came_first() -> None:
    examples = [Example(1, 0.3, "b"), Example(0, 2.0, "far"), Example(0, 0.1, "near"), Example(1, 0.3, "a")]
    assert nearest(examples) == nearest(reversed(examples)) == (Example(0, 0.1, "near"), Example(1, 0.3, "a"))
