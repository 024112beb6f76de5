"""Which rows make which batch: a pure function of (seed, step), whatever ranks, restarts and file sizes do.

Rows lie in features in the order of a hash, so any run of them is a fair sample. One epoch visits *windows* of
``WINDOW`` consecutive rows in a shuffled order, and each window's rows in a shuffled order: memory holds a window or
two, not the corpus. Rows that belong together (the two sides of a comparison) are shuffled as one. Where rows have
lengths, a window's batches are of like length (``bucketing``). Epochs follow each other without a seam, and every batch
is whole. So each row is seen once an epoch, but for the last ones of a run, which fill no batch and are left out; and a
batch of more rows than there are holds some of them several times.

Example:
    >>> order = Order(rows=5, batch=2, seed=0)
    >>> sorted(order.positions(0).tolist() + order.positions(1).tolist() + order.positions(2)[:1].tolist())
    [0, 1, 2, 3, 4]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from iirl_core.errors import InputError
from jobs.train.bucketing import bucketed

WINDOW = 65_536


@dataclass(frozen=True)
class Order:
    """``rows`` ≥ 1 rows, ``batch`` ≥ 1 of them a step; each ``together`` consecutive rows stay side by side.
    ``lengths`` gives those of the rows at some positions; None where all are equally long. ``sorted_together`` batches
    are sorted by them against each other.

    Raises:
        InputError: there is no row, or rows, batch or window are no multiples of ``together``.
    """

    rows: int
    batch: int
    seed: int
    window: int = WINDOW
    together: int = 1
    lengths: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None
    sorted_together: int = 1
    _kept: dict[tuple[int, int], NDArray[np.int64]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if min(self.rows, self.batch, self.window, self.together) < 1:
            raise InputError(f"{self.rows} rows in batches of {self.batch}", "at least one row")
        if self.rows % self.together or self.batch % self.together or self.window % self.together:
            raise InputError(f"{self.rows} rows in batches of {self.batch}", f"multiples of {self.together}")

    def steps(self, epochs: int) -> int:
        """Steps of ``epochs`` epochs: whole batches, at least one."""
        return max(1, epochs * self.rows // self.batch)

    def epoch(self, step: int) -> int:
        """The epoch in which ``step`` begins."""
        return step * self.batch // self.rows

    def positions(self, step: int) -> NDArray[np.int64]:
        """``[batch]``: positions in [0, rows) of the rows of ``step``, over all ranks."""
        each = self.batch // self.together
        places = np.arange(step * each, (step + 1) * each, dtype=np.int64)
        epochs, within = np.divmod(places, self.rows // self.together)
        groups = np.concatenate(
            [self._at(int(epoch), within[epochs == epoch]) for epoch in range(int(epochs[0]), int(epochs[-1]) + 1)]
        )
        return (groups[:, None] * self.together + np.arange(self.together)).reshape(-1)

    def _at(self, epoch: int, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The groups at the given places of one epoch, places ascending."""
        starts, ends, windows = self._windows(epoch)
        found = np.searchsorted(ends, places, side="right")
        parts = []
        for index in np.unique(found):
            window = int(windows[index])
            inside = self._inside(epoch, window, int(starts[index]), int(ends[index] - starts[index]))
            parts.append(inside[places[found == index] - starts[index]])
        return np.concatenate(parts).astype(np.int64)

    def _inside(self, epoch: int, window: int, start: int, size: int) -> NDArray[np.int64]:
        """The ``size`` groups of one window as they come; the first stands at place ``start`` of the epoch. The
        last two windows are kept: step after step asks for them again.
        """
        if (epoch, window) not in self._kept:
            if len(self._kept) > 1:
                self._kept.pop(next(iter(self._kept)))
            self._kept[epoch, window] = self._shuffled(epoch, window, start, size)
        return self._kept[epoch, window]

    def _shuffled(self, epoch: int, window: int, start: int, size: int) -> NDArray[np.int64]:
        random = self._random(epoch, window + 1)
        groups = window * (self.window // self.together) + random.permutation(size)
        if self.lengths is None:
            return groups
        rows = (groups[:, None] * self.together + np.arange(self.together)).reshape(-1)
        longest = self.lengths(rows).reshape(-1, self.together).max(axis=1)
        first = epoch * (self.rows // self.together) + start
        batch = self.batch // self.together
        return groups[bucketed(longest, first, batch, random, together=self.sorted_together)]

    def _windows(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Where each window starts and ends in the epoch, in groups, and which window it is."""
        groups, window = self.rows // self.together, self.window // self.together
        count = -(-groups // window)
        windows = self._random(epoch, 0).permutation(count).astype(np.int64)
        sizes = np.minimum(window, groups - windows * window)
        ends = np.cumsum(sizes)
        return ends - sizes, ends, windows

    def _random(self, epoch: int, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, epoch, stream])
