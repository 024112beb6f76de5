"""The learning rate rises, falls, and needs no memory."""

from __future__ import annotations

import pytest

from iirl_core.config.training import OptimiserSection
from jobs.train.schedule import FLOOR, rate_share

SECTION = OptimiserSection(learning_rate=0.01, warmup_steps=10)


def test_it_warms_up_linearly_then_falls_to_a_tenth() -> None:
    rates = [0.01 * rate_share(SECTION, step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.001)
    assert rates[9] == pytest.approx(0.01)
    assert max(rates) == pytest.approx(0.01)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.01 * FLOOR)


@pytest.mark.parametrize("steps", [1, 2, 3, 11])
def test_a_run_shorter_than_its_warm_up_still_learns(steps: int) -> None:
    rates = [0.01 * rate_share(SECTION, step, steps) for step in range(steps)]
    assert all(0 < rate <= 0.01 for rate in rates)
    assert max(rates) == pytest.approx(0.01)


def test_no_warm_up_starts_at_the_full_rate() -> None:
    assert rate_share(OptimiserSection(warmup_steps=0), 0, 10) == pytest.approx(1.0)
