"""Observer: keeps what the next audit should ask: escalated inputs and those of a drift, where the configuration wants
them, and reports.

Answers never wait for it: inputs are gathered in memory, at most ``ROOM`` of them, and a thread of its own writes them
to the store every few seconds. What finds no room is counted, and the count is told with the next batch.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from iirl_core.demonstration import Input
from iirl_core.errors import IirlError
from iirl_core.observation import Observation, Reason
from iirl_core.reading import Action, Score
from serving.watch import Watch, size_of

ROOM = 4096
"""Observations that wait to be written."""
ROOM_BYTES = 64 * 2**20
"""Their size, roughly: that of texts and numbers alone."""
EVERY = 5.0
"""Seconds between batches."""
MINUTE = 60.0

Keep = Callable[[Sequence[Observation]], object]
"""Writes one batch; raises IirlError where the store does not take it."""
Tell = Callable[[str], object]
"""Tells whoever runs the server."""


class Observer:
    """Owns what waits, and the thread that writes it. ``most``: inputs that are kept in a minute because of each
    reason, at most; of a reason that it does not name, none. What there is to say is told in a line each.
    """

    def __init__(
        self, keep: Keep, watch: Watch, most: Mapping[Reason, int], tell: Tell, *, every: float = EVERY
    ) -> None:
        self._keep, self._tell, self._every = keep, tell, every
        self._watch, self._drifts = watch, False
        self._most = dict(most)
        self._taken: Counter[Reason] = Counter()
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._waiting: list[Observation] = []
        self._lost = 0
        self._window = time.monotonic()
        self._thread = threading.Thread(target=self._turn, name="observer", daemon=True)
        self._thread.start()

    def answered(self, inputs: Sequence[Input], scores: Sequence[Score]) -> None:
        """Take the escalated ones of what was just answered, and the farthest of a window that it filled and that
        drifted. Called from one thread at a time, in the order of the answers.
        """
        found = [
            Observation("escalated", item, "; ".join(score.reasons))
            for item, score in zip(inputs, scores, strict=True)
            if score.action is Action.ESCALATE
        ]
        if found:
            self._add("escalated", found)
        for window in self._watch.answered(inputs, scores):
            drift = window.drift
            told = f"farther from the demonstrations than the guard set (D⁺ = {drift.statistic:.2f})"
            if drift.found:
                self._add("drift", [Observation("drift", item, f"one of requests {told}") for item in window.farthest])
            if drift.found is not self._drifts:
                self._tell(
                    f"requests drift: {told}, by chance {drift.chance:.0e}"
                    if drift.found
                    else "no longer sure that requests drift"
                )
            self._drifts = drift.found

    def reported(self, inputs: Sequence[Input], note: str) -> int:
        """Take what a trainer reports; how many found room."""
        return self._add("reported", [Observation("reported", item, note) for item in inputs])

    def _add(self, reason: Reason, found: Sequence[Observation]) -> int:
        with self._lock:
            if (now := time.monotonic()) - self._window >= MINUTE:
                self._window, self._taken = now, Counter()
            allowed = max(0, self._most.get(reason, 0) - self._taken[reason])
            taken = self._fitting(found[:allowed])
            self._taken[reason] += taken
            self._waiting += found[:taken]
            self._lost += min(len(found), allowed) - taken
            return taken

    def _fitting(self, found: Sequence[Observation]) -> int:
        """How many of them there is room for."""
        room, sizes = ROOM_BYTES - sum(size_of(one.input) for one in self._waiting), 0
        for count, one in enumerate(found[: ROOM - len(self._waiting)]):
            sizes += size_of(one.input)
            if sizes > room:
                return count
        return max(0, min(len(found), ROOM - len(self._waiting)))

    def _turn(self) -> None:
        while not self._ended.wait(self._every):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            batch, lost = self._waiting, self._lost
            self._waiting, self._lost = [], 0
        if lost:
            self._tell(f"{lost} observations found no room")
        if not batch:
            return
        try:
            self._keep(batch)
        except (IirlError, OSError) as error:
            with self._lock:
                self._waiting = [*batch, *self._waiting][:ROOM]
            self._tell(f"{len(batch)} observations could not be kept: {error}")

    def close(self) -> None:
        """Write what waits, and end."""
        self._ended.set()
        self._thread.join()
