"""Batches are a function of (seed, step): nothing is repeated, nothing skipped."""

from __future__ import annotations

import numpy as np
import pytest

from iirl_core.errors import InputError
from jobs.train.order import Order


@pytest.mark.parametrize(
    ("rows", "batch", "window"), [(1, 1, 4), (5, 2, 4), (100, 7, 16), (64, 64, 16), (10, 32, 4), (17, 5, 100)]
)
def test_every_epoch_sees_every_row_once(rows: int, batch: int, window: int) -> None:
    order = Order(rows, batch, seed=3, window=window)
    epochs = 6
    steps = -(-epochs * rows // batch)
    seen = np.concatenate([order.positions(step) for step in range(steps)])
    for epoch in range(epochs):
        assert sorted(seen[epoch * rows : (epoch + 1) * rows]) == list(range(rows))


def test_a_run_leaves_out_what_fills_no_batch_and_repeats_what_is_less_than_one() -> None:
    short = Order(5, 2, seed=3)
    assert short.steps(1) == 2
    assert len({*short.positions(0).tolist(), *short.positions(1).tolist()}) == 4
    wide = Order(3, 8, seed=3)
    assert wide.steps(1) == 1
    assert sorted(np.bincount(wide.positions(0)).tolist()) == [2, 3, 3]


@pytest.mark.parametrize(("rows", "batch", "window"), [(2, 2, 4), (10, 4, 4), (100, 6, 16), (10, 32, 4), (34, 10, 100)])
def test_the_sides_of_a_comparison_stay_together_and_each_is_seen_once_an_epoch(
    rows: int, batch: int, window: int
) -> None:
    order = Order(rows, batch, seed=3, window=window, together=2)
    epochs = 6
    steps = -(-epochs * rows // batch)
    seen = np.concatenate([order.positions(step) for step in range(steps)])
    assert (seen[0::2] % 2 == 0).all()
    assert (seen[1::2] == seen[0::2] + 1).all()
    for epoch in range(epochs):
        assert sorted(seen[epoch * rows : (epoch + 1) * rows]) == list(range(rows))


def test_pairs_are_shuffled_within_their_windows_and_whole_on_every_rank() -> None:
    order = Order(1000, 40, seed=0, window=128, together=2)
    seen = [order.positions(step) for step in range(25)]
    assert all(len(np.unique(one // 128)) <= 2 for one in seen)
    assert np.abs(np.diff(np.concatenate(seen)[::2])).max() > 100
    for mine in seen[7].reshape(2, -1):
        assert (mine[1::2] == mine[0::2] + 1).all()
    assert order.positions(7).tolist() == Order(1000, 40, 0, 128, 2).positions(7).tolist()


@pytest.mark.parametrize(("rows", "batch", "window"), [(9, 4, 4), (10, 3, 4), (10, 4, 5)])
def test_rows_that_are_no_whole_comparisons_are_refused(rows: int, batch: int, window: int) -> None:
    with pytest.raises(InputError, match="multiples of 2"):
        Order(rows, batch, 0, window, together=2)


def test_any_step_can_be_made_without_those_before_it() -> None:
    first, second = Order(1000, 32, seed=1, window=128), Order(1000, 32, seed=1, window=128)
    before = [first.positions(step).tolist() for step in range(80)]
    assert second.positions(57).tolist() == before[57]


def test_epochs_and_seeds_differ_in_order() -> None:
    order = Order(100, 100, seed=0)
    assert order.positions(0).tolist() != order.positions(1).tolist()
    assert order.positions(0).tolist() != Order(100, 100, seed=1).positions(0).tolist()
    assert order.positions(0).tolist() != list(range(100))


def test_a_batch_stays_within_two_windows() -> None:
    order = Order(10_000, 16, seed=0, window=512)
    for step in range(600):  # 9600 rows: within the first epoch
        assert len(np.unique(order.positions(step) // 512)) <= 2


def test_steps_are_whole_batches_and_at_least_one() -> None:
    assert Order(100, 32, 0).steps(2) == 6
    assert Order(3, 32, 0).steps(1) == 1
    assert Order(100, 50, 0).epoch(3) == 1


def test_no_rows_are_refused() -> None:
    with pytest.raises(InputError):
        Order(0, 32, 0)
