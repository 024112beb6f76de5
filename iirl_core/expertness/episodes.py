"""Which rows are one input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Episodes:
    """Which rows are one input: ``lengths[b]`` rows, in order, belong to input b. ``absorbed[b]`` steps follow them in
    an absorbing state, where the encoder counts those (empty: nowhere): the input ended by itself.
    """

    lengths: tuple[int, ...]
    absorbed: tuple[int, ...] = ()

    @staticmethod
    def single(rows: int) -> Episodes:
        """Every row an input of its own."""
        return Episodes((1,) * rows)

    def chunks(self, rows: int) -> Iterator[Episodes]:
        """Groups of whole inputs, each of at least ``rows`` rows but the last."""
        start = held = 0
        for index, length in enumerate(self.lengths):
            held += length
            if held >= rows or index == len(self.lengths) - 1:
                yield Episodes(self.lengths[start : index + 1], self.absorbed[start : index + 1])
                start, held = index + 1, 0
