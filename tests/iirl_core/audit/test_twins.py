from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from iirl_core.audit.finding import Finding
from iirl_core.audit.twins import twinned
from iirl_core.canonical import digest_json
from iirl_core.config.rows import RowKind
from iirl_core.demonstration import Input, Trajectory, conversation

LONG = "Take two of them every four hours and drink a lot of water with each so that your stomach does not ache"


def finding(number: int, item: Input, norm: str = "n", step: int = 0) -> Finding:
    return Finding(digest_json("a"), 1, norm, True, 3, "f", f"f/1.0.{number}", "", (item,), (0.9,), 0.4, step)


def twins(*findings: Finding, rows: RowKind = "states", window: int = 1) -> list[int | None]:
    """The place of each finding's twin."""
    names = {one.id: place for place, one in enumerate(findings)}
    return [names.get(one.twin) for one in twinned(findings, rows, window)]


def test_answers_that_differ_in_case_spacing_or_one_word_of_many_are_twins_of_the_first() -> None:
    answers = [LONG, LONG.upper() + " !", LONG.replace("stomach", "belly"), "Something else altogether, at no length."]
    assert twins(*(finding(n, conversation("How much?", answer)) for n, answer in enumerate(answers))) == [
        None,
        0,
        0,
        None,
    ]


def test_the_same_answer_to_another_question_or_under_another_norm_is_no_twin() -> None:
    same = conversation("How much?", "Two.")
    other = conversation("And for a child of six years who weighs very little?", "Two.")
    assert twins(finding(0, same), finding(1, other), finding(2, same, "other")) == [None, None, None]


def test_a_long_request_makes_no_twins_of_different_answers() -> None:
    findings = [finding(n, conversation(LONG, answer)) for n, answer in enumerate(["Buy bleach.", "", "I hate you."])]
    assert twins(*findings) == [None, None, None]


def test_texts_without_words_are_compared_too() -> None:
    assert twins(*(finding(n, conversation("", text)) for n, text in enumerate(["", "...", "!"]))) == [None, 0, 0]


def test_states_that_share_three_digits_are_twins_at_the_offending_step() -> None:
    path = np.array([[0.0, 0.0], [1.234, -56.0]])
    near, apart = path + np.array([[9.0, 9.0], [0.0004, 0.01]]), path + np.array([[0.0, 0.0], [0.1, 0.0]])
    findings = [finding(n, Trajectory(item), step=1) for n, item in enumerate((path, near, apart))]
    assert twins(*findings) == [None, 0, None]
    assert twins(*(replace(one, step=0) for one in findings)) == [None, None, 0]


@pytest.mark.parametrize(("rows", "window"), [("windows", 3), ("transitions", 1), ("changes", 1)])
def test_all_that_a_row_looks_at_is_compared_and_nothing_beyond(rows: RowKind, window: int) -> None:
    path, acts = np.array([[0.5, 2.0], [1.0, 2.0], [1.5, 2.0], [2.0, 2.0], [2.5, 2.0]]), np.ones((5, 1))
    reach = 3 if rows == "windows" else 2
    items = [path]
    for step in (1, reach, reach + 1):  # the row's own state, the last it looks at, the one after that
        items.append(path.copy())
        items[-1][step] += 0.3
    findings = [finding(n, Trajectory(item, acts), step=1) for n, item in enumerate(items)]
    assert twins(*findings, rows=rows, window=window) == [None, None, None, 0]


def test_rows_of_the_last_step_are_twins_of_rows_that_hold_the_same() -> None:
    ended, stood = np.array([[7.0], [1.0], [2.0]]), np.array([[1.0], [2.0], [2.0], [9.0]])
    findings = [finding(0, Trajectory(ended), step=1), finding(1, Trajectory(stood), step=0)]
    assert twins(*findings, rows="windows", window=3) == [None, 0]
    last = [finding(0, Trajectory(ended), step=2), finding(1, Trajectory(ended), step=1)]
    assert twins(*last, rows="changes") == [None, None], "the change is the same, the state is not"


def test_actions_are_compared_where_the_reward_does_not_look_at_them() -> None:
    items = [Trajectory([[1.0, 2.0]], [[action]]) for action in (0.0, 0.5, 0.5)]
    assert twins(*(finding(n, item) for n, item in enumerate(items))) == [None, None, 1]
