"""Batches of like length: less of what is computed is padding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bucketed(
    lengths: NDArray[np.int64], start: int, batch: int, random: np.random.Generator, *, together: int
) -> NDArray[np.int64]:
    """A permutation of ``[0, len(lengths))`` in which every batch that lies whole inside is of like length, and the
    batches come in a random order.

    ``lengths`` are those of rows (or groups of rows) that were shuffled before; the first stands at place ``start`` of
    a run whose batches begin at multiples of ``batch``. ``together`` batches are sorted against each other: the more,
    the less padding; but where classes differ in length, a batch of like length is nearly one of a class. What belongs
    to a batch that began before, or ends after, stays where it is.
    """
    head = min(-start % batch, len(lengths))
    count = (len(lengths) - head) // batch
    middle = np.arange(head, head + count * batch)
    for first in range(0, len(middle), together * batch):
        some = middle[first : first + together * batch]
        middle[first : first + together * batch] = some[np.argsort(lengths[some], kind="stable")]
    batches = middle.reshape(count, batch)[random.permutation(count)]
    # Within a batch in no order: every rank and every micro-batch gets the same kind of rows.
    batches = random.permuted(batches, axis=1)
    return np.concatenate([np.arange(head), batches.reshape(-1), np.arange(head + count * batch, len(lengths))])
