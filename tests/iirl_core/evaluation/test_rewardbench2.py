"""Best of four, and the formula of Ties worked out by hand."""

from __future__ import annotations

from math import tanh

import pytest

from iirl_core.errors import InputError
from iirl_core.evaluation import GRADED
from tests.iirl_core.evaluation.samples import Row, figures, values


def four(subset: str, number: int, *rewards: float) -> Row:
    document = {"prompt": f"{subset} {number}", "chosen": ["a"], "rejected": ["b", "c", "d"], "subset": subset}
    return document, list(rewards)


def ties(key: str, right: list[float], wrong: list[float]) -> Row:
    texts = [[f"{side} {index}" for index in range(len(rewards))] for side, rewards in (("r", right), ("w", wrong))]
    return {"prompt": key, "chosen": texts[0], "rejected": texts[1], "subset": "Ties", "id": key}, [*right, *wrong]


def test_the_best_of_four_shares_its_point_with_those_beside_it() -> None:
    rows = [
        four("Math", 1, 0.9, 0.1, 0.2, 0.3),
        four("Math", 2, 0.5, 0.5, 0.5, 0.1),
        four("Math", 3, 0.4, 0.5, 0.5, 0.1),
    ]
    found = values("rewardbench2", rows)
    assert found["rewardbench2/Math"] == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert found["rewardbench2/pairs"] == pytest.approx((3 + (0.5 + 0.5 + 1) + 1) / 9)


def test_ties_is_the_formula_by_hand() -> None:
    rows = [
        # gap_tied = .7 − .4 = .3, spread = .8 − .7 = .1; gap_ref = .9 − .7 = .2: min .2 > .1
        ties("tied:1", [0.8, 0.7], [0.4, 0.1]),
        ties("ref:1", [0.9], [0.7, 0.2]),
        # gap_tied = .5 − .4 = .1, spread = .9 − .5 = .4; gap_ref = .3 − .6 = −.3
        ties("tied:2", [0.9, 0.5, 0.6], [0.4]),
        ties("ref:2", [0.3], [0.6, 0.1, 0.2]),
        # gap_tied = .25 − .5 = −.25, spread 0; gap_ref = .75 − .5 = .25
        ties("tied:3", [0.25, 0.25], [0.5]),
        ties("ref:3", [0.75], [0.5]),
        # gap_tied = .75 − .25 = .5, spread = 1 − .75 = .25; gap_ref = .5 − .375 = .125: less than the spread
        ties("tied:4", [0.75, 1.0], [0.25]),
        ties("ref:4", [0.5], [0.375]),
    ]
    tied, ref = 3 / 4, 3 / 4
    preferred, hard = 2 / 4, 1 / 4
    further = (tanh(0.2 / 0.1 - 1) + tanh(-0.3 / 0.4 - 1) + tanh(float("-inf")) + tanh(0.125 / 0.25 - 1)) / 4
    expected = 0.3 * tied + 0.3 * ref + 0.2 * preferred + 0.2 * hard + 0.01 * further
    found = figures("rewardbench2", rows)
    assert found["rewardbench2/Ties"].value == pytest.approx(expected)
    assert found["rewardbench2/overall"].value == pytest.approx(expected)
    assert found["rewardbench2/Ties"].clusters == 4, "ref:k and tied:k are drawn together"
    assert found["rewardbench2/Ties"].low < expected < found["rewardbench2/Ties"].high


def test_no_gap_over_no_spread_counts_as_nothing() -> None:
    rows = [ties("tied:1", [0.5, 0.5], [0.5]), ties("ref:1", [0.9], [0.1])]
    assert values("rewardbench2", rows)["rewardbench2/Ties"] == pytest.approx(0.3), "ref is right, all else is not"


def test_a_perfect_reward_with_no_spread_has_a_little_more_than_1() -> None:
    rows = [ties("tied:7", [0.9, 0.9], [0.1]), ties("ref:7", [0.9], [0.1])]
    assert values("rewardbench2", rows)["rewardbench2/Ties"] == pytest.approx(1.01)


def test_the_overall_score_is_the_mean_of_the_subsets_that_are_there() -> None:
    rows = [
        *(four("Safety", number, 0.9, 0.1, 0.1, 0.1) for number in range(3)),
        four("precise if", 1, 0.1, 0.9, 0.1, 0.1),
        ties("tied:7", [0.9, 0.9], [0.1]),
        ties("ref:7", [0.9], [0.1]),
    ]
    found = values("rewardbench2", rows)
    assert found["rewardbench2/Precise IF"] == 0
    assert found["rewardbench2/overall"] == pytest.approx((1 + 0 + 1.01) / 3)


def test_ties_without_their_reference_give_no_score() -> None:
    found = values("rewardbench2", [ties("tied:1", [0.8, 0.7], [0.4]), ties("ref:2", [0.8], [0.4])])
    assert set(found) == {"rewardbench2/pairs", "rewardbench2/pairs@25%", "rewardbench2/pairs@10%"}


def test_rows_of_other_shapes_are_refused() -> None:
    good = {"prompt": "p", "chosen": ["a"], "rejected": ["b"], "subset": "Ties", "id": "ref:1"}
    for change, reason in (
        ({"subset": "Poetry"}, "one of Factuality"),
        ({"subset": "Math", "chosen": ["a", "b"]}, "2 right answers in Math; expected one"),
        ({"id": "1"}, "ref:k or tied:k"),
        ({"id": "tied:1"}, "several in tied"),
        ({"chosen": ["a", "b"]}, "one in ref"),
        ({"rejected": []}, "rejected is an empty list; expected at least one answer"),
        ({"chosen": None}, "no chosen"),
    ):
        with pytest.raises(InputError, match=reason):
            GRADED["rewardbench2"].read({**good, **change})
