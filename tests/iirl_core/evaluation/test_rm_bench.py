"""The nine cells by hand."""

from __future__ import annotations

import pytest

from iirl_core.errors import InputError
from iirl_core.evaluation import GRADED
from tests.iirl_core.evaluation.samples import Row, values


def row(domain: str, number: int, chosen: list[float], rejected: list[float]) -> Row:
    document = {
        "prompt": f"{domain} {number}",
        "chosen": ["right", "rightly, at length", "**rightly**, at length"],
        "rejected": ["wrong", "wrongly, at length", "**wrongly**, at length"],
        "domain": domain,
    }
    return document, [*chosen, *rejected]


STYLE_ALONE = ([0.1, 0.5, 0.9], [0.1, 0.5, 0.9])
"""Only style is rewarded: easy is won, hard is lost, equal styles are ties."""
KNOWING = ([0.8, 0.8, 0.8], [0.2, 0.2, 0.2])


def test_a_reward_of_style_alone_wins_what_is_easy_and_loses_what_is_hard() -> None:
    found = values("rm_bench", [row("chat", 1, *STYLE_ALONE)])
    assert (found["rm_bench/easy"], found["rm_bench/normal"], found["rm_bench/hard"]) == (1.0, 0.5, 0.0)
    assert found["rm_bench/chat"] == found["rm_bench/overall"] == found["rm_bench/pairs"] == 0.5


def test_hard_is_where_the_wrong_answer_has_the_fancier_style() -> None:
    """Of the three cells above the diagonal only plain right against detailed wrong is lost."""
    found = values("rm_bench", [row("math", 1, [0.3, 0.6, 0.9], [0.1, 0.4, 0.2])])
    assert found["rm_bench/hard"] == pytest.approx(2 / 3)
    assert found["rm_bench/normal"] == found["rm_bench/easy"] == 1


def test_domains_count_alike_and_both_safety_sets_are_one() -> None:
    rows = [
        row("chat", 1, *STYLE_ALONE),
        row("safety-refuse", 1, *KNOWING),
        row("safety-response", 1, *STYLE_ALONE),
        row("safety-response", 2, *STYLE_ALONE),
    ]
    found = values("rm_bench", rows)
    assert found["rm_bench/safety"] == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert found["rm_bench/hard"] == pytest.approx((0 + 1 / 3) / 2)
    assert found["rm_bench/overall"] == pytest.approx((0.5 + 2 / 3) / 2)
    assert "rm_bench/code" not in found


def test_pairs_of_equal_length_are_those_of_one_style() -> None:
    found = values("rm_bench", [row("chat", 1, *STYLE_ALONE)])
    assert found["rm_bench/pairs@10%"] == 0.5, "right and wrong in one style are ties"


def test_rows_of_other_shapes_are_refused() -> None:
    good, _ = row("chat", 1, *KNOWING)
    for change, reason in (
        ({"chosen": ["a", "b"]}, "3 styles of each"),
        ({"domain": "poetry"}, "one of chat, code"),
        ({"domain": None}, "one of chat, code"),
        ({"rejected": "no"}, "a list of answers"),
        ({"prompt": None}, "no prompt"),
    ):
        with pytest.raises(InputError, match=reason):
            GRADED["rm_bench"].read({**good, **change})
