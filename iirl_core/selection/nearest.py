"""The comparisons nearest to what a policy writes (FRFT, the inverse alignment problem, arXiv 2412.10529)."""

from __future__ import annotations

import heapq

from iirl_core.errors import InputError


class Nearest:
    """The ``keep`` comparisons of the highest similarity (None: however many), of those of at least ``threshold``
    (None: of all). Offers come in any order, and a comparison may be offered more than once (its two sides): its
    highest similarity counts. Of equally similar ones those stay whose names come first, so the order of offers
    changes nothing. Memory goes with ``keep``; with a threshold alone, with what is kept.

    Raises:
        InputError: neither ``keep`` ≥ 1 nor a threshold is given.
    """

    def __init__(self, keep: int | None = None, threshold: float | None = None) -> None:
        if keep is None and threshold is None:
            raise InputError("a selection without a bound", "keep, or a threshold")
        if keep is not None and keep < 1:
            raise InputError(f"keep {keep}", "at least 1")
        self._keep, self._threshold = keep, threshold
        self._best: dict[str, float] = {}
        self._heap: list[tuple[float, _Last]] = []

    def offer(self, comparison: str, similarity: float) -> None:
        """One side of one comparison."""
        if self._threshold is not None and similarity < self._threshold:
            return
        if similarity <= self._best.get(comparison, -float("inf")):
            return
        self._best[comparison] = similarity
        if self._keep is None:
            return
        heapq.heappush(self._heap, (similarity, _Last(comparison)))
        while len(self._best) > self._keep:
            worst, name = heapq.heappop(self._heap)
            if self._best.get(name.text) == worst:  # else it was offered again since, and better
                del self._best[name.text]
        if len(self._heap) > 3 * self._keep:
            self._heap = [(similarity, _Last(name)) for name, similarity in self._best.items()]
            heapq.heapify(self._heap)

    def kept(self) -> dict[str, float]:
        """Comparisons and their similarities, the nearest first."""
        return dict(sorted(self._best.items(), key=lambda item: (-item[1], item[0])))


class _Last:
    """A name that counts as smaller the later it comes: a heap's smallest is the first to go."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __lt__(self, other: _Last) -> bool:
        return self.text > other.text
