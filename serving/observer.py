"""Observer: keeps what the next audit should ask: escalated inputs, where the configuration wants them, and reports.

Answers never wait for it: inputs are gathered in memory, at most ``ROOM`` of them, and a thread of its own writes them
to the store every few seconds. What finds no room is counted, and the count is printed with the next batch.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence

from iirl_core.demonstration import Input
from iirl_core.errors import IirlError
from iirl_core.observation import Observation
from iirl_core.reading import Action, Score

ROOM = 4096
"""Observations that wait to be written."""
EVERY = 5.0
"""Seconds between batches."""
MINUTE = 60.0

Keep = Callable[[Sequence[Observation]], object]
"""Writes one batch; raises IirlError where the store does not take it."""


class Observer:
    """Owns what waits, and the thread that writes it. ``a_minute``: escalated inputs that are kept, at most."""

    def __init__(self, keep: Keep, a_minute: int, *, every: float = EVERY) -> None:
        self._keep, self._a_minute, self._every = keep, a_minute, every
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._waiting: list[Observation] = []
        self._lost = 0
        self._window, self._kept = time.monotonic(), 0
        self._thread = threading.Thread(target=self._turn, name="observer", daemon=True)
        self._thread.start()

    def answered(self, inputs: Sequence[Input], scores: Sequence[Score]) -> None:
        """Take the escalated ones of what was just answered."""
        found = [
            Observation("escalated", item, "; ".join(score.reasons))
            for item, score in zip(inputs, scores, strict=True)
            if score.action is Action.ESCALATE
        ]
        if found and self._a_minute:
            self._add(found[: self._allowed(len(found))])

    def reported(self, inputs: Sequence[Input], note: str) -> int:
        """Take what a trainer reports; how many found room."""
        return self._add([Observation("reported", item, note) for item in inputs])

    def _allowed(self, wanted: int) -> int:
        """How many of these this minute still has room for."""
        with self._lock:
            if (now := time.monotonic()) - self._window >= MINUTE:
                self._window, self._kept = now, 0
            allowed = min(wanted, self._a_minute - self._kept)
            self._kept += allowed
            return allowed

    def _add(self, found: Sequence[Observation]) -> int:
        with self._lock:
            taken = list(found[: ROOM - len(self._waiting)])
            self._waiting += taken
            self._lost += len(found) - len(taken)
            return len(taken)

    def _turn(self) -> None:
        while not self._ended.wait(self._every):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        with self._lock:
            batch, lost = self._waiting, self._lost
            self._waiting, self._lost = [], 0
        if lost:
            print(f"iirl: {lost} observations found no room", file=sys.stderr, flush=True)
        if not batch:
            return
        try:
            self._keep(batch)
        except IirlError as error:
            print(f"iirl: {len(batch)} observations could not be kept: {error}", file=sys.stderr, flush=True)
            self._add(batch)

    def close(self) -> None:
        """Write what waits, and end."""
        self._ended.set()
        self._thread.join()
