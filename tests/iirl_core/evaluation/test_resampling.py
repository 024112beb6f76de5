"""Intervals cover, respect clusters, and never look certain of three."""

from __future__ import annotations

import numpy as np
import pytest

from iirl_core.errors import InputError
from iirl_core.evaluation import Estimate, Resampling
from iirl_core.evaluation.resampling import SHARE


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        values = (generator.random(80) < 0.3).astype(float)
        estimate = Resampling(200, seed=trial).share("s", np.arange(80), values)
        covered += estimate.low <= 0.3 <= estimate.high
    assert 0.88 <= covered / 200 <= 0.99


def test_records_that_repeat_their_cluster_do_not_narrow_the_interval() -> None:
    values = np.random.default_rng(1).random(30)
    alone = Resampling().share("s", np.arange(30), values)
    repeated = Resampling().share("s", np.repeat(np.arange(30), 50), np.repeat(values, 50))
    assert repeated.count == 1500
    assert repeated.clusters == 30
    assert repeated.low == pytest.approx(alone.low)
    assert repeated.high == pytest.approx(alone.high)


def test_three_of_three_is_not_certain() -> None:
    estimate = Resampling().share("s", np.arange(3), np.ones(3))
    assert estimate.value == estimate.high == 1.0
    assert estimate.low == pytest.approx(0.025 ** (1 / 3))
    none = Resampling().share("s", np.arange(3), np.zeros(3))
    assert none.high == pytest.approx(1 - 0.025 ** (1 / 3))


def test_three_that_agree_on_something_between_are_not_certain_either() -> None:
    tie = Resampling().share("s", np.arange(1), np.array([0.5]))
    assert (tie.low, tie.high) == pytest.approx((0.0125, 0.9875))
    three = Resampling().share("s", np.arange(3), np.full(3, 0.1))  # their mean is 0.1 but for rounding
    t = 0.025 ** (1 / 3)
    assert (three.low, three.high) == pytest.approx((0.1 * t, 1 - 0.9 * t))


def test_the_bound_of_those_that_agree_covers_as_often_as_it_says() -> None:
    """Clusters say 0.2 or 1: where all that were asked said 0.2, the mean is in the bound all the same."""
    generator = np.random.default_rng(4)
    for count, often in ((3, 0.28), (3, 0.6), (8, 0.62), (8, 0.9)):  # all say 0.2 in 2 to 43 of 100 trials
        missed = 0
        for _ in range(1000):
            values = np.where(generator.random(count) < often, 0.2, 1.0)
            if np.ptp(values) == 0 and values[0] != 1:
                estimate = Resampling(10).share("s", np.arange(count), values)
                missed += not estimate.low <= 0.2 * often + 1 - often <= estimate.high
        assert missed / 1000 <= 0.05


def test_parts_that_each_agree_are_as_uncertain_as_the_smallest() -> None:
    parts, values = np.array([0, 0, 0, 1, 1, 1, 1]), np.array([0.0, 0, 0, 1, 1, 1, 1])

    def weighed(weights: np.ndarray) -> float:
        means = [float(np.average(values[parts == part], weights=weights[parts == part] + 1e-12)) for part in (0, 1)]
        return 0.75 * means[0] + 0.25 * means[1]

    estimate = Resampling(100).estimate("s", np.arange(7), weighed, within=SHARE, parts=parts)
    t = 0.025 ** (1 / 3)
    assert estimate.value == 0.25
    assert (estimate.low, estimate.high) == pytest.approx((0.25 * t, 1 - 0.75 * t))
    gap = Resampling(100).estimate("g", np.arange(3), lambda _: 0.5, within=(-1.0, 1.0))
    assert (gap.low, gap.high) == pytest.approx((1.5 * t - 1, 1 - 0.5 * t))


def test_a_figure_that_weighs_a_small_part_is_no_surer_where_all_of_it_is_right() -> None:
    parts = np.array([0] * 3 + [1] * 1000)
    halves = np.where(parts == 0, 1 / 3, 1 / 1000) / 2

    def weighed(weights: np.ndarray) -> float:
        return float((halves * weights).sum() / (halves * weights).sum())  # every cluster is right

    estimate = Resampling(50).estimate("s", np.arange(1003), weighed, within=SHARE, parts=parts)
    assert (estimate.value, estimate.high) == (1.0, 1.0)
    assert estimate.low == pytest.approx(0.025 ** (1 / 3))


def test_a_number_that_is_not_a_share_gets_no_share_s_bound() -> None:
    estimate = Resampling(100).estimate("q", np.arange(3), lambda _: 1.0)
    assert (estimate.low, estimate.high) == (1.0, 1.0)


def test_share_and_estimate_agree() -> None:
    generator = np.random.default_rng(2)
    clusters, values = generator.integers(0, 20, 200), generator.random(200)
    fast = Resampling().share("s", clusters, values)
    slow = Resampling().estimate("s", clusters, lambda weights: float(np.average(values, weights=weights)))
    assert (fast.value, fast.low, fast.high) == pytest.approx((slow.value, slow.low, slow.high))


def test_the_same_seed_gives_the_same_interval_and_another_one_another() -> None:
    values = np.random.default_rng(3).random(50)
    first, again, other = (Resampling(100, seed).share("s", np.arange(50), values) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_nothing_has_no_estimate() -> None:
    empty = np.zeros(0, np.int64)
    with pytest.raises(InputError, match="no records"):
        Resampling().share("s", empty, np.zeros(0))
    with pytest.raises(InputError, match="no records"):
        Resampling().estimate("s", empty, lambda _: 0.0)


def test_a_value_outside_its_interval_is_refused() -> None:
    with pytest.raises(InputError, match="outside"):
        Estimate("s", 0.5, 0.6, 0.7, 10, 10)
    with pytest.raises(InputError, match="finite"):
        Estimate("s", float("nan"), 0.0, 1.0, 10, 10)
