"""Answers that somebody judged: what is read, transfer, wins, and that nothing depends on the order of rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iirl_core.errors import InputError
from iirl_core.evaluation import (
    BASELINES,
    Columns,
    Judged,
    Resampling,
    examine_judge,
    examine_picks,
    examine_transfer,
    judged_of,
    read_judged,
)

FEW = Resampling(100)
COLUMNS = Columns("model", "preference", probability=True)
Said = tuple[str, str, float, float]
"""Prompt, policy, reward, golden."""


def judged(said: Sequence[Said]) -> Judged:
    documents = [{"prompt": p, "response": m * (ord(m[0]) - 90), "model": m, "preference": g} for p, m, _, g in said]
    facts = [read_judged(document, COLUMNS, "file").facts() for document in documents]
    rewards, golden = (np.array([each[column] for each in said]) for column in (2, 3))
    return judged_of(facts, rewards, np.stack([rewards, 1 - rewards], axis=1), golden)


ANSWERS: list[Said] = [
    ("p", "a", 0.9, 0.9),
    ("p", "b", 0.1, 0.1),
    ("p", "c", 0.2, 0.8),
    ("p", "d", 0.4, 0.3),
    ("q", "a", 0.8, 0.7),
    ("q", "b", 0.9, 0.2),
    ("q", "c", 0.5, 0.9),
    ("q", "d", 0.5, 0.1),
]


def test_agreement_is_told_apart_by_whether_the_policies_were_seen() -> None:
    found = {each.name: each for each in examine_transfer("t", judged(ANSWERS), ("a", "b"), FEW)}
    assert found["transfer/t/seen"].value == pytest.approx(1 / 2), "a over b at p, b over a at q"
    assert found["transfer/t/unseen"].value == pytest.approx((0 + 0.5) / 2), "d over c at p, a tie at q"
    assert found["transfer/t/gap"].value == pytest.approx(1 / 4)
    # clear pairs of one of a, b and one of c, d: a-d, c-b, d-b at p; c-a, a-d, c-b, not d-b at q
    assert found["transfer/t/mixed"].value == pytest.approx((1 + 1 + 1 + 0 + 1 + 0) / 6)
    assert "random/transfer/t/gap" not in found
    assert "length/transfer/t/unseen" in found


def test_without_seen_pairs_there_is_no_gap() -> None:
    names = {each.name for each in examine_transfer("t", judged(ANSWERS), ("a",), FEW)}
    assert "transfer/t/unseen" in names
    assert not {"transfer/t/seen", "transfer/t/gap"} & names


def test_a_pick_wins_over_an_answer_at_random_as_often_as_its_golden_rank_says() -> None:
    found = {each.name: each.value for each in examine_picks("b", judged(ANSWERS[:4]), FEW)}
    # golden from below: b, d, c, a, which win 1/8, 3/8, 5/8, 7/8; picked of all four is a
    assert found["best_of_n/b/win@1"] == pytest.approx(0.5)
    assert found["best_of_n/b/win@4"] == pytest.approx(7 / 8)
    # of two: by reward b < c < d < a are the best of 0, 1, 2, 3 of the six pairs
    assert found["best_of_n/b/win@2"] == pytest.approx((5 / 8 + 2 * 3 / 8 + 3 * 7 / 8) / 6)
    assert found["best_of_n/b/golden@4"] == pytest.approx(0.9)
    assert not [name for name in found if "/kl@" in name], "four policies"


def test_the_bound_on_kl_has_no_baseline_and_is_told_where_one_policy_answered() -> None:
    documents = [{"prompt": "p", "response": text} for text in "xyz"]
    facts = [read_judged(document, Columns(None), "phi").facts() for document in documents]
    assert {row.policy for row in facts} == {"phi"}
    golden = np.array([-3.0, 7.0, 40.0])
    data = judged_of(facts, np.array([0.1, 0.2, 0.3]), np.zeros((3, 1)), golden)
    found = {each.name: each.value for each in examine_picks("b", data, FEW)}
    assert found["best_of_n/b/kl@2"] == pytest.approx(np.log(2) - 0.5)
    assert "length/best_of_n/b/kl@2" not in found
    assert found["best_of_n/b/golden@1"] == pytest.approx(golden.mean()), "a golden scorer has a scale of its own"
    assert found["best_of_n/b/golden@3"] == 40


def test_rows_without_what_the_columns_name_are_refused() -> None:
    good = {"prompt": "p", "response": "x", "model": "a", "preference": 0.5}
    for change, reason in (
        ({"preference": None}, "column 'preference' is None; expected a number"),
        ({"preference": "0.5"}, "a number"),
        ({"preference": 1.5}, r"a probability in \[0, 1\]"),
        ({"preference": float("nan")}, "a number"),
        ({"model": None}, "the name of the answer's policy"),
        ({"response": None}, "unknown shape"),
    ):
        with pytest.raises(InputError, match=reason):
            read_judged({**good, **change}, COLUMNS, "file")
    with pytest.raises(InputError, match="a trajectory"):
        read_judged({"observations": [[1.0]]}, COLUMNS, "file")


def test_a_judge_may_say_true_and_false() -> None:
    for said, golden in ((True, 1.0), (False, 0.0)):
        assert read_judged({"text": "x", "model": "a", "preference": said}, COLUMNS, "file").golden == golden


@settings(max_examples=6)
@given(st.permutations(range(8)))
def test_the_order_of_rows_changes_nothing(order: list[int]) -> None:
    def every(said: list[Said]) -> list[object]:
        data = judged(said)
        few = Resampling(20)
        return [*examine_judge("j", data, few), *examine_picks("j", data, few), *examine_transfer("j", data, "ab", few)]

    assert every([ANSWERS[index] for index in order]) == every(ANSWERS)


def test_the_answers_of_which_the_first_are_paired_do_not_depend_on_the_file_s_order() -> None:
    generator = np.random.default_rng(0)
    said = [("p", f"m{number}", *generator.random(2).tolist()) for number in range(80)]
    forth, back = judged(said), judged(said[::-1])  # type: ignore[arg-type]
    assert forth.rewards.tolist() == back.rewards.tolist()
    assert examine_judge("j", forth, Resampling(20)) == examine_judge("j", back, Resampling(20))


def test_both_baselines_stand_beside_every_figure() -> None:
    for found in (examine_judge("j", judged(ANSWERS), FEW), examine_picks("j", judged(ANSWERS), FEW)):
        names = {each.name for each in found}
        own = {name for name in names if name.partition("/")[0] not in BASELINES}
        assert names == own | {f"{base}/{name}" for base in BASELINES for name in own}
