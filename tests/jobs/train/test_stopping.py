"""When training stops and what is kept follow from the evaluations alone."""

from __future__ import annotations

import math

import pytest

from jobs.train.stopping import HeldOut, best_of, is_over


def history(*losses: float) -> list[HeldOut]:
    return [HeldOut(10 * (index + 1), loss, None) for index, loss in enumerate(losses)]


@pytest.mark.parametrize(
    ("losses", "patience", "over"),
    [
        ((1.0,), 1, False),
        ((1.0, 0.9, 0.8), 1, False),
        ((1.0, 0.9, 0.95), 1, True),
        ((1.0, 0.9, 0.95), 2, False),
        ((1.0, 0.9, 0.95, 0.9), 2, True),
        ((1.0, 0.9, 0.95, 0.89), 2, False),
        ((1.0, math.nan, math.nan), 2, True),
        ((2.0, 3.0, 4.0, 5.0), None, False),
        ((), 1, False),
    ],
)
def test_it_is_over_after_so_many_evaluations_without_a_lower_loss(
    losses: tuple[float, ...], patience: int | None, over: bool
) -> None:
    assert is_over(history(*losses), patience) is over


def test_the_best_is_the_first_of_the_lowest_and_never_what_is_no_number() -> None:
    assert best_of(history(math.nan, 2.0, 1.0, 1.0, 3.0)).step == 30
    assert best_of(history(math.nan)).step == 10
