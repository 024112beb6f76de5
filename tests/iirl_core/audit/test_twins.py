from __future__ import annotations

from dataclasses import replace

import numpy as np

from iirl_core.audit.finding import Finding
from iirl_core.audit.twins import twinned
from iirl_core.canonical import digest_json
from iirl_core.demonstration import Input, Trajectory, conversation

LONG = "Take two of them every four hours and drink a lot of water with each so that your stomach does not ache"


def finding(number: int, item: Input, norm: str = "n", step: int = 0) -> Finding:
    return Finding(digest_json("a"), 1, norm, True, 3, "f", f"f/1.0.{number}", "", (item,), (0.9,), 0.4, step)


def twins(*findings: Finding) -> list[int | None]:
    """The place of each finding's twin."""
    names = {one.id: place for place, one in enumerate(findings)}
    return [names.get(one.twin) for one in twinned(findings)]


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
