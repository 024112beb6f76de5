"""Presence: which actors of ours are there to be asked, and which were lost and may start again.

Ray starts a lost actor again where a node has room for it: in seconds, in hours, or never. So a lost one is left alone
until a call says that it is there. Calls are made one after the other, with pauses, for as long as Ray says that it may
come; Ray's own endless retries would say so on the user's terminal, each time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import ray
from ray.actor import ActorHandle

DEATHS = 2
"""Calls in a row of which Ray says that the actor is dead: one may have been under way when it was lost once more."""


class Presence:
    """Owns who is ``there``, the calls to those that are not (``starting``, by the actor's number), and when (by the
    monotonic clock) the next one is ``due``, ``pause`` seconds after the one before. Who is in none of them is gone.
    """

    def __init__(self, actors: Sequence[ActorHandle], pause: float) -> None:
        self.calls = [actor.__ray_ready__ for actor in actors]
        self.pause = pause
        self.there = set(range(len(actors)))
        self.starting: dict[ray.ObjectRef, int] = {}
        self.due: dict[int, float] = {}
        self.deaths = [0] * len(actors)

    def lose(self, number: int) -> None:
        """It was lost with a question."""
        if number in self.there:
            self.there.remove(number)
            self.deaths[number] = 0
            self._call(number)

    def call_due(self) -> None:
        """Those whose pause is over."""
        now = time.monotonic()
        for number in [number for number, due in self.due.items() if due <= now]:
            del self.due[number]
            self._call(number)

    def returned(self, call: ray.ObjectRef) -> None:
        """One of ``starting`` did: its actor is there, may come later, or never will."""
        number = self.starting.pop(call)
        try:
            ray.get(call)
        except ray.exceptions.RayError as error:
            unavailable = isinstance(error, ray.exceptions.ActorUnavailableError)
            self.deaths[number] = 0 if unavailable else self.deaths[number] + 1
            if self.deaths[number] < DEATHS:
                self.due[number] = time.monotonic() + self.pause
        else:
            self.there.add(number)

    def _call(self, number: int) -> None:
        self.starting[self.calls[number].remote()] = number
