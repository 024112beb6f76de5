"""Sections by hand."""

from __future__ import annotations

import pytest

from iirl_core.errors import InputError
from iirl_core.evaluation import GRADED
from iirl_core.evaluation.rewardbench import SECTIONS
from tests.iirl_core.evaluation.samples import Row, figures, values


def row(subset: str, number: int, chosen: float, rejected: float) -> Row:
    document = {"prompt": f"{subset} {number}", "chosen": "yes", "rejected": "no!", "subset": subset}
    return document, [chosen, rejected]


def test_the_sections_have_the_benchmark_s_subsets_and_weights() -> None:
    counts = {section: sum(subsets.values()) for section, subsets in SECTIONS.items()}
    assert counts == {"Chat": 358, "Chat Hard": 456, "Safety": 740, "Reasoning": 1968}
    assert sum(map(len, SECTIONS.values())) == 23


def test_a_section_weighs_its_subsets_by_their_prompts_and_not_by_rows() -> None:
    rows = [
        row("alpacaeval-easy", 1, 0.9, 0.1),
        row("alpacaeval-easy", 2, 0.1, 0.9),  # ½, weight 100
        row("mt-bench-easy", 1, 0.9, 0.1),  # 1, weight 28
        row("math-prm", 1, 0.9, 0.1),  # 1, weight 984
        row("hep-go", 1, 0.5, 0.5),  # ½, weight 164
        row("llmbar-natural", 1, 0.2, 0.3),  # 0
    ]
    found = values("rewardbench", rows)
    chat = (100 * 0.5 + 28) / 128
    reasoning = (984 + 82) / (984 + 164)
    assert found["rewardbench/Chat"] == pytest.approx(chat)
    assert found["rewardbench/Reasoning"] == pytest.approx(reasoning)
    assert found["rewardbench/Chat Hard"] == 0
    assert "rewardbench/Safety" not in found
    assert found["rewardbench/overall"] == pytest.approx((chat + reasoning + 0) / 3)
    assert found["rewardbench/pairs"] == pytest.approx((1 + 0 + 1 + 1 + 0.5 + 0) / 6)


def test_a_figure_counts_the_pairs_of_its_section() -> None:
    found = figures(
        "rewardbench", [row("hep-go", 1, 0.9, 0.1), row("hep-js", 1, 0.9, 0.1), row("donotanswer", 1, 1, 0)]
    )
    assert found["rewardbench/Reasoning"].count == 2
    assert found["rewardbench/overall"].count == 3
    assert found["rewardbench/overall"].low < 1, "three prompts are no certainty"


def test_subsets_that_are_each_of_one_mind_leave_their_section_uncertain() -> None:
    rows = [row("alpacaeval-easy", number, 0.1, 0.9) for number in range(3)]
    rows += [row("mt-bench-easy", number, 0.9, 0.1) for number in range(3)]
    found = figures("rewardbench", rows)
    share, t = 28 / 128, 0.025 ** (1 / 3)
    for name in ("rewardbench/Chat", "rewardbench/overall"):
        assert found[name].value == pytest.approx(share)
        assert (found[name].low, found[name].high) == pytest.approx((share * t, 1 - (1 - share) * t))


def test_a_tie_of_one_pair_is_no_certainty() -> None:
    tie = figures("rewardbench", [row("hep-go", 1, 0.5, 0.5)])["rewardbench/pairs@10%"]
    assert (tie.value, tie.low, tie.high) == pytest.approx((0.5, 0.0125, 0.9875))


def test_a_subset_of_no_section_is_refused() -> None:
    for subset in ("anthropic_hhh", None, 3):
        with pytest.raises(InputError, match="one of RewardBench's"):
            GRADED["rewardbench"].read({"prompt": "a", "chosen": "b", "rejected": "c", "subset": subset})
