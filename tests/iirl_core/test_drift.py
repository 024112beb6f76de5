from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from iirl_core.drift import drift_of
from iirl_core.errors import InputError


def drawn(count: int, seed: int, shift: float = 0.0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).beta(2, 5, count) + shift


def test_requests_that_lie_farther_than_the_guard_set_drifted() -> None:
    drift = drift_of(drawn(256, 1, shift=0.1), drawn(400, 2), number=1, level=0.01)
    assert drift.found
    assert drift.statistic > 0.2


def test_the_statistic_and_its_chance_are_the_one_sided_kolmogorov_smirnov_test() -> None:
    window, guard = drawn(256, 1, shift=0.03), drawn(400, 2)
    drift, known = drift_of(window, guard, 1, 0.01), ks_2samp(window, guard, alternative="less", method="exact")
    assert drift.statistic == pytest.approx(known.statistic)
    assert known.pvalue <= drift.chance <= 1.5 * known.pvalue


def test_requests_nearer_than_the_guard_set_did_not_drift() -> None:
    assert not drift_of(drawn(256, 1, shift=-0.2), drawn(400, 2), 1, 0.01).found


def test_of_many_deployments_that_do_not_drift_hardly_any_is_ever_said_to() -> None:
    said = 0
    for deployment in range(100):
        guard = drawn(300, 10_000 + deployment)
        said += any(drift_of(drawn(64, 100 * deployment + k), guard, k, 0.05).found for k in range(1, 51))
    assert said <= 5


def test_a_drift_is_still_seen_in_the_millionth_window() -> None:
    assert drift_of(drawn(256, 1, shift=0.2), drawn(400, 2), 1_000_000, 0.01).found


def test_what_a_large_sample_sees_but_does_not_matter_is_no_drift() -> None:
    drift = drift_of(drawn(100_000, 1, shift=0.01), drawn(100_000, 2), 1, 0.01)
    assert drift.chance < drift.level
    assert not drift.found


@pytest.mark.parametrize(
    ("window", "guard", "number", "level"), [(0, 9, 1, 0.1), (9, 0, 1, 0.1), (9, 9, 0, 0.1), (9, 9, 1, 1.0)]
)
def test_nothing_to_compare_is_refused(window: int, guard: int, number: int, level: float) -> None:
    with pytest.raises(InputError):
        drift_of(drawn(window, 1), drawn(guard, 2), number, level)
