"""Watch: sets each window of requests beside the guard set, and keeps the farthest of those that drifted from it.

In bounded memory: the distances of one window, and the few inputs that lie farthest.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iirl_core.canonical import Digest
from iirl_core.corpus import identity_of
from iirl_core.demonstration import Conversation, Input
from iirl_core.drift import Drift, drift_of
from iirl_core.reading import Score

FARTHEST = 16
"""Inputs of a window that wait for its end, at most."""
LARGEST = 4 * 2**20
"""Bytes of an input beyond which it does not wait."""


@dataclass(frozen=True)
class Window:
    """One that is full: whether it drifted, and its farthest inputs, the farthest first, each once."""

    drift: Drift
    farthest: tuple[Input, ...]


class Watch:
    """Owns the window that is being filled. Used by one thread at a time.

    Args:
        guard: Support distances of the guard set's rows ``[M]``.
        window: Inputs of a window.
        level: What all windows together may spend (see ``iirl_core.drift``).
        farthest: Inputs of a window that wait for its end; 0: no input is kept, only its distance.
    """

    def __init__(self, guard: NDArray[np.float64], window: int, level: float, farthest: int = FARTHEST) -> None:
        self._guard, self._size, self._level, self._farthest = guard, window, level, farthest
        self._number = 1
        self._begin()

    def answered(self, inputs: Sequence[Input], scores: Sequence[Score]) -> Iterator[Window]:
        """Take what was answered; the windows that it filled."""
        for item, score in zip(inputs, scores, strict=True):
            self._take(item, score.drawn_distance)
            if len(self._distances) == self._size:
                yield self._full()

    def _full(self) -> Window:
        """The window that is full; the next one begins, whatever becomes of this."""
        distances, number = np.array(self._distances), self._number
        farthest = tuple(self._inputs[name] for _, name in sorted(self._heap, reverse=True))
        self._number += 1
        self._begin()
        return Window(drift_of(distances, self._guard, number, self._level), farthest)

    def _begin(self) -> None:
        self._distances: list[float] = []
        self._heap: list[tuple[float, Digest]] = []
        self._inputs: dict[Digest, Input] = {}

    def _take(self, item: Input, distance: float) -> None:
        self._distances.append(distance)
        full = len(self._heap) == self._farthest
        if not self._farthest or (full and distance <= self._heap[0][0]) or size_of(item) > LARGEST:
            return
        name = identity_of(item)
        if name in self._inputs:
            return
        self._inputs[name] = item
        if full:
            del self._inputs[heapq.heappushpop(self._heap, (distance, name))[1]]
        else:
            heapq.heappush(self._heap, (distance, name))


def size_of(item: Input) -> int:
    """Its size in memory, roughly: that of texts and numbers alone."""
    if isinstance(item, Conversation):
        return sum(len(message.content) for message in item.messages)
    return item.observations.nbytes + (0 if item.actions is None else item.actions.nbytes)
