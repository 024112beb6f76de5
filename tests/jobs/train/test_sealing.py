from __future__ import annotations

import pytest

from jobs.train.sealing import LOSS_STEPS, loss_metrics


@pytest.mark.parametrize(
    ("steps", "averaged"), [(1, 1), (2, 1), (9, 3), (20, 6), (39, 13), (40, LOSS_STEPS), (60, LOSS_STEPS)]
)
def test_the_first_and_the_last_loss_are_means_of_other_steps(steps: int, averaged: int) -> None:
    losses = [float(step) for step in range(steps, 0, -1)]
    found = loss_metrics(losses)
    assert found["loss_first"] == pytest.approx(sum(losses[:averaged]) / averaged)
    assert found["loss_last"] == pytest.approx(sum(losses[-averaged:]) / averaged)
    assert steps == 1 or found["loss_last"] < found["loss_first"]
