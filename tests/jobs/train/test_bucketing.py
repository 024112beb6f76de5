"""Batches of like length are still a function of (seed, step) in which nothing is repeated and nothing skipped."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.train.bucketing import bucketed
from jobs.train.order import Order


def drawn(rows: int) -> NDArray[np.int64]:
    """Lengths as answers have them: many short, few long."""
    return (8 + np.random.default_rng(5).exponential(60, rows)).astype(np.int64)


def ordered(rows: int, batch: int, window: int, together: int = 1, seed: int = 3) -> Order:
    return Order(rows, batch, seed, window, together, drawn(rows).__getitem__, sorted_together=50)


@pytest.mark.parametrize(
    ("rows", "batch", "window", "together"),
    [(1, 1, 4, 1), (5, 2, 4, 1), (100, 7, 16, 1), (10, 32, 4, 1), (999, 5, 100, 1), (1000, 10, 128, 2), (34, 10, 8, 2)],
)
def test_every_epoch_sees_every_row_once_and_comparisons_whole(
    rows: int, batch: int, window: int, together: int
) -> None:
    order, epochs = ordered(rows, batch, window, together), 6
    steps = -(-epochs * rows // batch)
    seen = np.concatenate([order.positions(step) for step in range(steps)])
    for epoch in range(epochs):
        assert sorted(seen[epoch * rows : (epoch + 1) * rows]) == list(range(rows))
    if together == 2:
        assert (seen[1::2] == seen[0::2] + 1).all()
        assert (seen[0::2] % 2 == 0).all()


def test_padding_is_a_fraction_of_what_chance_leaves() -> None:
    rows, batch = 5000, 16
    lengths = drawn(rows)

    def padding(order: Order) -> float:
        batches = [lengths[order.positions(step)] for step in range(order.steps(3))]
        return float(sum(len(one) * one.max() for one in batches) / sum(one.sum() for one in batches)) - 1

    assert padding(ordered(rows, batch, window=2048)) < 0.15 * padding(Order(rows, batch, 3, window=2048))


def test_batches_that_are_sorted_alone_are_as_chance_has_them() -> None:
    lengths = drawn(4000)
    order = Order(4000, 16, 3, window=4000, lengths=lengths.__getitem__)
    spread = np.mean([lengths[order.positions(step)].std() for step in range(250)])
    assert spread == pytest.approx(lengths.std(), rel=0.1)


def test_batches_of_like_length_come_in_no_order_of_length() -> None:
    order = ordered(4000, 10, window=4000)
    means = [drawn(4000)[order.positions(step)].mean() for step in range(400)]
    assert 0.4 < (np.diff(means) > 0).mean() < 0.6


def test_within_a_batch_ranks_get_the_same_kind_of_rows() -> None:
    order = ordered(4000, 16, window=4000)
    lengths = np.stack([drawn(4000)[order.positions(step)] for step in range(250)])
    first, second = lengths[:, :8].mean(), lengths[:, 8:].mean()
    assert first == pytest.approx(second, rel=0.05)


def test_epochs_bring_other_rows_together() -> None:
    order = ordered(1000, 10, window=1000)
    met = [{frozenset(order.positions(step)) for step in range(e * 100, e * 100 + 100)} for e in range(2)]
    assert len(met[0] & met[1]) < 5


def test_any_step_can_be_made_without_those_before_it() -> None:
    first, second = ordered(1000, 32, window=128), ordered(1000, 32, window=128)
    before = [first.positions(step).tolist() for step in range(80)]
    assert second.positions(57).tolist() == before[57]


@pytest.mark.parametrize(
    ("size", "start", "batch"), [(10, 0, 4), (10, 3, 4), (2, 1, 4), (3, 9, 4), (64, 6, 8), (0, 5, 4)]
)
def test_what_belongs_to_a_batch_across_the_edge_stays_in_place(size: int, start: int, batch: int) -> None:
    found = bucketed(np.arange(size)[::-1], start, batch, np.random.default_rng(0), together=3)
    assert sorted(found) == list(range(size))
    places = np.arange(start, start + size)
    whole = [
        index for index, place in enumerate(places) if batch * (place // batch) >= start
        and batch * (place // batch + 1) <= start + size
    ]  # fmt: skip
    outside = [index for index in range(size) if index not in whole]
    assert found[outside].tolist() == outside
