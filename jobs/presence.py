"""Presence: which actors of ours are there to be asked, and which were lost and may start again.

Ray starts a lost actor again where a node has room for it: in seconds, in hours, or never. So a lost one is left alone
until a call says that it is there; where that call is lost too, as it is while Ray has not seen yet that a node has
gone, another is made after a pause.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import ray
from ray.actor import ActorHandle

from iirl_core.patience import Patience


class Presence:
    """Owns the calls that return where a lost actor is there again (``starting``, by the actor's number), and what is
    known of those whose call was lost. One whose calls were lost more often than ``patience`` allows is gone.
    """

    def __init__(self, actors: Sequence[ActorHandle], patience: Patience) -> None:
        self.actors, self.patience = actors, patience
        self.starting: dict[ray.ObjectRef, int] = {}
        self.failures: dict[int, int] = {}
        """Calls in a row that were lost, of each actor that is not there."""
        self.due: dict[int, float] = {}
        """When (by the monotonic clock) an actor is called again."""

    @property
    def there(self) -> list[int]:
        """Their numbers."""
        return [number for number in range(len(self.actors)) if number not in self.failures]

    def lose(self, number: int) -> None:
        """It was lost with a question."""
        if number not in self.failures:
            self.failures[number] = 0
            self._call(number)

    def call_due(self) -> None:
        """Those whose pause is over."""
        now = time.monotonic()
        for number in [number for number, due in self.due.items() if due <= now]:
            del self.due[number]
            self._call(number)

    def returned(self, call: ray.ObjectRef) -> None:
        """One of ``starting`` did: its actor is there, or the call was lost."""
        number = self.starting.pop(call)
        try:
            ray.get(call)
        except ray.exceptions.RayError:
            self.failures[number] += 1
            pause = self.patience.pause_after(self.failures[number])
            if pause is not None:
                self.due[number] = time.monotonic() + pause
        else:
            del self.failures[number]

    def _call(self, number: int) -> None:
        self.starting[self.actors[number].__ray_ready__.remote()] = number
