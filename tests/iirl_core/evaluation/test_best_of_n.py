"""The curve against brute force over all subsets."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest

from iirl_core.evaluation import SUITES, Frozen, Judged, Resampling
from iirl_core.evaluation.best_of_n import golden_in_order, kl_bound, pick_probabilities, picking_wins

FEW = Resampling(200)


def judged(prompts: list[int], rewards: list[float], golden: list[float], policies: list[int] | None = None) -> Judged:
    count = len(prompts)
    owners = np.array(policies or [0] * count, np.int64)
    names = tuple("abc")
    lengths, heads = np.arange(count, dtype=float), np.zeros((count, 1))
    return Judged(names, owners, np.array(rewards), np.array(golden), np.array(prompts, np.int64), lengths, heads)


def values(data: Judged) -> dict[str, float]:
    return {estimate.name: estimate.value for estimate in SUITES["best_of_n"](Frozen.of_judged(data), FEW)}


def test_the_pick_is_averaged_over_all_subsets_and_over_ties() -> None:
    generator = np.random.default_rng(0)
    proxy, golden = generator.integers(0, 4, 7).astype(float), generator.random(7)
    for n in range(1, 8):
        picks = []
        for subset in combinations(range(7), n):
            best = max(proxy[index] for index in subset)
            picks.append(np.mean([golden[index] for index in subset if proxy[index] == best]))
        expected = pick_probabilities(7, n) @ golden_in_order(proxy, golden)
        assert expected == pytest.approx(np.mean(picks)), n


def test_probabilities_are_those_of_order_statistics_also_of_a_thousand() -> None:
    found = pick_probabilities(1000, 300)
    exact = [comb(i - 1, 299) / comb(1000, 300) for i in range(1, 1001)]
    assert found == pytest.approx(exact, rel=1e-9, abs=1e-300)
    assert found.sum() == pytest.approx(1)
    assert pick_probabilities(4, 1).tolist() == [0.25] * 4
    assert pick_probabilities(3, 3).tolist() == [0, 0, 1]
    assert pick_probabilities(1, 1).tolist() == [1]


def test_the_curve_goes_from_a_pick_at_random_to_the_best_of_all() -> None:
    data = judged([5, 5, 5, 9, 9, 9], [0.1, 0.5, 0.9, 0.9, 0.5, 0.1], [0.0, 0.3, 0.9, 0.2, 0.4, 0.6])
    found = values(data)
    assert found["best_of_n/golden@1"] == pytest.approx(0.4)
    assert found["best_of_n/golden@2"] == pytest.approx(((2 * 0.9 + 0.3) / 3 + (2 * 0.2 + 0.4) / 3) / 2)
    assert found["best_of_n/golden@3"] == pytest.approx((0.9 + 0.2) / 2)
    (first, *_) = SUITES["best_of_n"](Frozen.of_judged(data), FEW)
    assert (first.count, first.clusters) == (2, 2)


def test_the_same_prompts_stand_behind_the_whole_curve() -> None:
    prompts = [0] * 4 + [1] * 4 + [2] * 2
    data = judged(prompts, list(np.linspace(0, 1, 10)), list(np.linspace(0, 1, 10)))
    found = SUITES["best_of_n"](Frozen.of_judged(data), FEW)
    assert [each.name for each in found] == ["best_of_n/golden@1", "best_of_n/golden@2"]
    many = judged([number for number in range(20) for _ in range(4)] + [20, 20], [0.5] * 82, [0.5] * 82)
    curve = SUITES["best_of_n"](Frozen.of_judged(many), FEW)
    assert [each.name[-1] for each in curve] == ["1", "2", "4"]
    assert {each.count for each in curve} == {20}, "the one prompt with fewer answers is left out from the start"


def test_the_bound_on_kl_is_given_for_samples_of_one_policy_alone() -> None:
    assert kl_bound(1) == 0
    assert kl_bound(16) == pytest.approx(2.772588722 - 0.9375)
    (first, second) = SUITES["kl"](Frozen.of_judged(judged([0, 0], [0.1, 0.9], [0.0, 1.0])), FEW)
    assert (first.name, first.value) == ("kl/best_of_n@1", 0)
    assert (second.name, second.value) == ("kl/best_of_n@2", pytest.approx(0.693147181 - 0.5))
    several = judged([0, 0], [0.1, 0.9], [0.0, 1.0], [0, 1])
    assert SUITES["kl"](Frozen.of_judged(several), FEW) == []


def test_length_picks_too() -> None:
    found = SUITES["length"](Frozen.of_judged(judged([0, 0], [0.1, 0.9], [0.9, 0.2])), FEW)
    named = {each.name: each.value for each in found}
    assert named["length/best_of_n/golden@1"] == pytest.approx(0.55)
    assert named["length/best_of_n/golden@2"] == pytest.approx(0.2)


def test_one_answer_a_prompt_leaves_nothing_to_pick() -> None:
    assert values(judged([0, 1, 2], [0.1, 0.2, 0.3], [0.1, 0.2, 0.3])) == {}
    assert values(judged([], [], [])) == {}


def test_a_pick_at_random_wins_half_of_the_time_by_definition_and_the_best_of_a_few_prompts_is_in_doubt() -> None:
    one, two = picking_wins(judged([0, 0, 1, 1], [1, 2, 1, 2], [0.1, 0.4, 0.2, 0.3]), FEW)
    assert (one.name, one.low, one.value, one.high) == ("best_of_n/win@1", 0.5, 0.5, 0.5)
    assert two.name == "best_of_n/win@2"
    assert two.low < two.value < two.high
