"""Intervals cover, respect clusters, and never look certain of three."""

from __future__ import annotations

import numpy as np
import pytest

from iirl_core.errors import InputError
from iirl_core.evaluation import Estimate, Resampling


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
