"""The calibration error against numbers computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from iirl_core.evaluation import SUITES, Frozen, Group, Resampling
from iirl_core.evaluation.calibration import calibration_error, reliability


def error(positive: list[float], negative: list[float], weights: list[float] | None = None) -> float:
    given = np.ones(len(positive) + len(negative)) if weights is None else np.array(weights)
    return calibration_error(np.array(positive), np.array(negative))(given)


def test_a_certain_and_right_reward_has_no_error_and_a_certain_and_wrong_one_has_all() -> None:
    assert error([1.0, 1.0], [0.0, 0.0, 0.0]) == pytest.approx(0)
    assert error([0.0, 0.0], [1.0]) == pytest.approx(1)


def test_the_error_is_the_distance_of_share_and_reward_over_bins() -> None:
    assert error([0.8] * 8 + [0.2] * 2, [0.8] * 2 + [0.2] * 8) == pytest.approx(0)
    assert error([0.9] * 8 + [0.2] * 2, [0.9] * 2 + [0.2] * 8) == pytest.approx(0.5 * 0.1)


def test_equal_rewards_share_a_bin_whatever_their_order() -> None:
    assert error([0.5] * 20, [0.5] * 20) == pytest.approx(0)
    assert error([0.7] * 20, [0.7] * 20) == pytest.approx(0.2)


def test_many_negatives_weigh_no_more_than_few_demonstrations() -> None:
    assert error([0.5], [0.5] * 99) == pytest.approx(0)


def test_bins_have_equal_mass_so_that_errors_in_one_do_not_cancel_another_s() -> None:
    positive, negative = [0.9] * 10, [0.1] * 10
    assert error(positive, negative) == pytest.approx(0.1), "too low above, too high below"
    tight = np.linspace(0.500, 0.501, 10)
    half = error(list(tight[5:]), list(tight[:5]))
    assert half == pytest.approx(0.5, abs=0.01), "ten bins of one record each, though rewards differ by so little"


def test_weights_count_as_repeats_and_a_missing_class_gives_no_number() -> None:
    assert error([0.9, 0.3], [0.4], [2, 1, 1]) == pytest.approx(error([0.9, 0.9, 0.3], [0.4]))
    assert np.isnan(error([0.9], [0.4], [1, 0]))


def test_noisy_copies_are_no_negatives() -> None:
    def group(name: str, rewards: list[float], copies: bool = False) -> Group:
        count = len(rewards)
        return Group(name, np.array(rewards), np.arange(count), np.ones(count), np.zeros((count, 1)), copies)

    contrasts = (group("bad", [0.4, 0.4]), group("noise", [0.1, 0.1], copies=True), group("none", []))
    rows, none = np.array([0.8, 0.8]), np.zeros((0, 2), np.int64)
    data = Frozen(group("d", [0.8, 0.8]), contrasts, rows, rows, np.arange(2), (none,) * 3)
    (only,) = SUITES["calibration"](data, Resampling(200))
    assert only.name == "calibration/bad"
    assert only.value == pytest.approx(0.5 * 0.2 + 0.5 * 0.4)
    assert only.low == pytest.approx(only.value), "every resample with both classes has the same two rewards"


def test_the_bins_of_a_diagram_are_those_of_the_error() -> None:
    generator = np.random.default_rng(5)
    positive, negative = generator.random(40), generator.random(25) ** 2
    bins = reliability(positive, negative)
    assert bins.masses.sum() == pytest.approx(1)
    assert len(bins.masses) <= 10
    error = calibration_error(positive, negative)(np.ones(65))
    assert (bins.masses * np.abs(bins.shares - bins.rewards)).sum() == pytest.approx(error)
    alone = reliability(np.array([0.8, 0.8]), np.array([0.2]))
    assert (alone.rewards.tolist(), alone.shares.tolist()) == ([pytest.approx(0.2), pytest.approx(0.8)], [0.0, 1.0])
