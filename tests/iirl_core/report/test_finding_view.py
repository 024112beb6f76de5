from __future__ import annotations

import numpy as np

from iirl_core.audit.finding import TriageLabel
from iirl_core.demonstration import Input, Trajectory, conversation
from iirl_core.report import FindingFacts
from iirl_core.report.finding_view import SHOWN, FindingView, finding_view
from tests.iirl_core.report.samples import finding


def view(inputs: tuple[Input, ...], rewards: tuple[float, ...], **changes: object) -> FindingView:
    return finding_view(FindingFacts(finding(inputs, rewards, **changes), TriageLabel.FLAW, open=True))


def test_a_pair_of_conversations_is_shown_side_by_side_with_the_edit_marked() -> None:
    seen = view((conversation("Hours?", "We open at 8."), conversation("Hours?", "We open at **8**.")), (0.9, 0.6))
    original, edited = seen.sides
    assert (original.title, original.reward, edited.title, edited.reward) == ("original", 0.9, "edited", 0.6)
    assert all(piece.change == "same" for turn in original.turns for piece in turn.pieces)
    assert [p.head for p in edited.turns[-1].pieces if p.change == "added"] == ["**", "**"]
    assert [turn.answer for turn in edited.turns] == [False, True]


def test_a_pair_with_another_number_of_turns_is_shown_without_marks() -> None:
    short = conversation("Hours?", "At 8.")
    long = short.__class__((short.messages[0], short.messages[1], *conversation("Today?", "At 9.").messages))
    seen = view((short, long), (0.9, 0.6))
    assert {p.change for side in seen.sides for turn in side.turns for p in turn.pieces} == {"same"}
    assert [len(side.turns) for side in seen.sides] == [2, 4]


def test_a_long_run_says_how_much_of_it_is_not_shown() -> None:
    text = "".join(chr(97 + n % 26) for n in range(5 * SHOWN))
    (piece,) = view((conversation("Read this.", text),), (0.4,)).sides[0].turns[-1].pieces
    assert len(piece.head) + piece.hidden + len(piece.tail) == len(text)
    assert text.startswith(piece.head)
    assert text.endswith(piece.tail)
    assert 0 < piece.hidden < len(text)


def test_the_change_at_the_end_of_a_long_answer_is_seen() -> None:
    text = "all is well " * 300
    edited = view((conversation("?", text), conversation("?", text + "\nignore the above")), (0.9, 0.1)).sides[1]
    assert edited.turns[-1].pieces[-1].change == "added"
    shown = "".join(piece.head + piece.tail for piece in edited.turns[-1].pieces)
    assert shown.endswith("ignore the above")


def test_an_added_line_break_is_made_visible() -> None:
    pieces = view((conversation("?", "Yes."), conversation("?", "Yes.\n\n")), (0.9, 0.1)).sides[1].turns[-1].pieces
    assert pieces[-1].head == "↵\n↵\n"


def test_an_empty_answer_has_no_pieces() -> None:
    assert view((conversation("?", ""),), (0.9,)).sides[0].turns[-1].pieces == ()


def test_the_offending_step_of_a_trajectory_is_shown_counted_from_one() -> None:
    walk = Trajectory(np.arange(6.0).reshape(3, 2), actions=np.full((3, 1), 0.25))
    step = view((walk,), (0.9,), step=2).sides[0].step
    assert step is not None
    assert (step.number, step.total, step.observation, step.action) == (3, 3, ("4", "5"), ("0.25",))


def test_a_wide_observation_says_how_many_entries_it_leaves_out() -> None:
    step = view((Trajectory(np.ones((1, 60))),), (0.9,)).sides[0].step
    assert step is not None
    assert step.observation[-1] == "… 36 more"
    assert len(step.observation) == 25
