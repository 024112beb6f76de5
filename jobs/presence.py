"""Presence: which actors of ours are there to be asked, and which were lost and may start again.

Ray starts a lost actor again where a node has room for it: in seconds, in hours, or never. So a lost one is left alone
until a call that Ray repeats without end says that it is there; where even that is lost, the actor is gone for good.
"""

from __future__ import annotations

from collections.abc import Sequence

import ray
from ray.actor import ActorHandle


class Presence:
    """Owns who is there, and the calls that return where a lost actor is there again (``starting``, by its number)."""

    def __init__(self, actors: Sequence[ActorHandle]) -> None:
        self.calls = [actor.__ray_ready__.options(max_task_retries=-1) for actor in actors]
        self.there = set(range(len(actors)))
        self.starting: dict[ray.ObjectRef, int] = {}

    def lose(self, number: int) -> None:
        """It was lost with a question."""
        if number in self.there:
            self.there.remove(number)
            self.starting[self.calls[number].remote()] = number

    def returned(self, call: ray.ObjectRef) -> None:
        """One of ``starting`` did: its actor is there, or will never be."""
        number = self.starting.pop(call)
        try:
            ray.get(call)
        except ray.exceptions.RayError:  # out of restarts, or it could not be made again
            return
        self.there.add(number)
