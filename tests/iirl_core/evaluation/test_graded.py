"""Right and wrong answers: what is read, and that nothing depends on the order of rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iirl_core.errors import InputError
from iirl_core.evaluation import BASELINES, GRADED, GradedRow, Resampling, examine_graded, graded_of
from tests.iirl_core.evaluation.samples import Row, figures, graded, values


def pair(prompt: str, chosen: str, rejected: str, *rewards: float) -> Row:
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected}, list(rewards)


def test_pairs_count_ties_half_and_are_clustered_by_prompt() -> None:
    rows = [
        pair("a", "good", "bad!", 0.9, 0.1),
        pair("a", "fine", "poor", 0.2, 0.8),
        pair("B", "yes!", "no!!", 0.5, 0.5),
    ]
    found = figures("pairs", rows)
    assert found["pairs"].value == pytest.approx(0.5)
    assert (found["pairs"].count, found["pairs"].clusters) == (3, 2)


def test_pairs_of_every_shape_are_read() -> None:
    chosen = [{"role": "user", "content": "Open?"}, {"role": "assistant", "content": "Until six."}]
    rejected = [chosen[0], {"role": "assistant", "content": "No idea."}]
    transcripts = {
        "chosen": "\n\nHuman: Open?\n\nAssistant: Until six.",
        "rejected": "\n\nHuman: Open?\n\nAssistant: No.",
    }
    for document in ({"chosen": chosen, "rejected": rejected}, transcripts):
        row = GRADED["pairs"].read(document)
        assert row.answers[0].answer == "Until six."
        assert row.right == 1
    for wrong in ({"prompt": "a", "chosen": "b"}, {"prompt": "a", "response": "b"}, "text", {}):
        with pytest.raises(InputError):
            GRADED["pairs"].read(wrong)
    with pytest.raises(InputError, match="different prompts"):
        GRADED["pairs"].read({"chosen": chosen, "rejected": transcripts["rejected"].replace("Open", "Shut")})


def test_sides_that_are_the_same_text_are_told_and_nothing_can_tell_them_apart() -> None:
    row = GRADED["pairs"].read({"prompt": "a", "chosen": "same", "rejected": "same"})
    assert row.facts().equal
    assert not GRADED["pairs"].read({"prompt": "a", "chosen": "same", "rejected": "same!"}).facts().equal
    assert values("pairs", [pair("a", "same", "same", 0.4, 0.4)])["pairs"] == 0.5


def test_a_row_without_a_wrong_answer_is_none() -> None:
    row = GRADED["pairs"].read({"prompt": "a", "chosen": "x", "rejected": "y"})
    for right in (0, 2):
        with pytest.raises(InputError, match="at least one right and one wrong"):
            GradedRow(row.answers, right)


def test_prompts_that_differ_in_case_and_white_space_are_one() -> None:
    one, other = (
        GRADED["pairs"].read({"prompt": text, "chosen": "x", "rejected": "y"}) for text in ("Is it? ", "is  it?")
    )
    assert one.facts().prompt == other.facts().prompt


def test_every_right_answer_meets_every_wrong_one() -> None:
    documents: list[Row] = [
        (
            {"prompt": "p", "chosen": ["a", "b"], "rejected": ["c", "d", "e"], "subset": "Ties", "id": "tied:1"},
            [0.1, 0.2, 0.3, 0.4, 0.5],
        ),
        ({"prompt": "q", "chosen": ["a"], "rejected": ["b"], "subset": "Math", "id": "1"}, [0.6, 0.7]),
    ]
    data = graded("rewardbench2", documents)
    rows, first, second = data.duels()
    met = {(data.rewards[i], data.rewards[j]) for i, j in zip(first, second, strict=True)}
    assert met == {(0.1, 0.3), (0.1, 0.4), (0.1, 0.5), (0.2, 0.3), (0.2, 0.4), (0.2, 0.5), (0.6, 0.7)}
    assert sorted(np.bincount(rows).tolist()) == [1, 6]


def test_data_that_do_not_fit_are_refused() -> None:
    facts = [GRADED["pairs"].read({"prompt": "a", "chosen": "x", "rejected": "y"}).facts()]
    with pytest.raises(InputError, match="not numbers"):
        graded_of(facts, np.array([np.nan, 0.0]), np.zeros((2, 1)))


def test_both_baselines_stand_beside_every_figure_and_carry_the_suite_s_name() -> None:
    rows = [pair("a", "good", "bad", 0.9, 0.1), pair("b", "no", "yes!", 0.8, 0.2)]
    found = {each.name: each.value for each in examine_graded("pairs", "mine", graded("pairs", rows), Resampling(100))}
    own = {name for name in found if not name.startswith(tuple(f"{base}/" for base in BASELINES))}
    assert own == {"pairs/mine"}
    assert set(found) == own | {f"{base}/{name}" for base in BASELINES for name in own}
    assert found["length/pairs/mine"] == 0.5
    assert found["random/pairs/mine"] == 1.0, "the heads here are the reward itself, upside down or not"


@settings(max_examples=20)
@given(st.permutations(range(6)))
def test_the_order_of_rows_changes_nothing(order: list[int]) -> None:
    texts = [
        ("a", "x", "yy"),
        ("a", "zz", "w"),
        ("b", "one", "two"),
        ("b", "one", "two"),
        ("c", "q", "r"),
        ("d", "s", "t"),
    ]
    rewards = [(0.9, 0.1), (0.3, 0.4), (0.5, 0.5), (0.5, 0.5), (0.2, 0.8), (0.7, 0.6)]
    rows = [pair(*text, *said) for text, said in zip(texts, rewards, strict=True)]
    shuffled = graded("pairs", [rows[index] for index in order])
    assert shuffled.rewards.tolist() == graded("pairs", rows).rewards.tolist()
    expected = examine_graded("pairs", "p", graded("pairs", rows), Resampling(30))
    assert examine_graded("pairs", "p", shuffled, Resampling(30)) == expected
