"""Outstanding: questions that are with actors of ours, or wait to be asked again, and who is asked next."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import ray
from ray.actor import ActorHandle

from iirl_core.errors import ClusterError
from iirl_core.patience import Patience
from jobs.presence import Presence

LOST = (
    ray.exceptions.RayActorError,
    ray.exceptions.NodeDiedError,
    ray.exceptions.OutOfMemoryError,  # Ray ended it to save its node
    ray.exceptions.ObjectLostError,  # it had answered, and its node took the answer along
)
"""What Ray raises where an actor is lost with a question, rather than fails at it."""
TODO = "See ray status and /tmp/ray/session_latest/logs for what ended it, then run the command again"


def whom(load: Sequence[int], there: Collection[int], lost_with: Collection[int], last: int) -> int | None:
    """The number of the actor to ask next; None: nobody is there. Of those that are there (of these, if there are any,
    who were not ``lost_with`` the question before) one with the fewest questions (``load``, of each actor), and of
    these ``last``, who answered last, or the first after it.
    """
    others = [number for number in there if number not in lost_with]
    return min(others or there, key=lambda number: (load[number], (number - last) % len(load)), default=None)


@dataclass(frozen=True)
class Question:
    """How often it was lost, with which actors, and when (by the monotonic clock) it may be asked again."""

    place: int
    arguments: tuple[object, ...]
    losses: int = 0
    lost_with: frozenset[int] = frozenset()
    due: float = 0.0


class Outstanding:
    """Owns the questions that are with actors (``asked``), and those that wait to be asked again, or for somebody to be
    there (``waiting``).
    """

    def __init__(self, actors: Sequence[ActorHandle], method: str, first: int, doing: str, patience: Patience) -> None:
        self.last, self.doing, self.patience = first, doing, patience
        self.calls = [getattr(actor, method) for actor in actors]
        self.load = [0] * len(actors)
        self.presence = Presence(actors, patience.pause)
        self.asked: dict[ray.ObjectRef, tuple[int, Question]] = {}
        self.waiting: list[Question] = []

    @property
    def count(self) -> int:
        """Questions that are not answered."""
        return len(self.asked) + len(self.waiting)

    def ask(self, question: Question) -> None:
        """Of whoever is there, once somebody is."""
        number = whom(self.load, self.presence.there, question.lost_with, self.last)
        if number is None:
            self.waiting.append(question)
            return
        self.load[number] += 1
        self.asked[self.calls[number].remote(*question.arguments)] = number, question

    def answer(self) -> tuple[int, bytes]:
        """The next one, with its question's place. There must be a question that is not answered."""
        while True:
            self.presence.call_due()
            self._ask_due()
            for ref in self._done():
                if ref in self.presence.starting:
                    self.presence.returned(ref)
                    continue
                number, question = self.asked.pop(ref)
                self.load[number] -= 1
                try:
                    said: bytes = ray.get(ref)
                except LOST as error:
                    self._lose(number, question, error)
                else:
                    self.last = number
                    return question.place, said

    def _ask_due(self) -> None:
        now, waiting = time.monotonic(), self.waiting
        self.waiting = [question for question in waiting if question.due > now]
        for question in waiting:
            if question.due <= now:
                self.ask(question)

    def _done(self) -> Sequence[ray.ObjectRef]:
        """The call that returns next; none, if something is to be called again before that."""
        refs, dues = [*self.asked, *self.presence.starting], [*self.presence.due.values()]
        if self.presence.there:
            dues += [question.due for question in self.waiting]
        elif not refs and not dues:
            raise ClusterError(f"{self.doing} failed: every actor was lost, and none starts again", todo=TODO)
        pause = max(0.0, min(dues) - time.monotonic()) if dues else None
        if not refs:
            time.sleep(pause or 0.0)
            return ()
        done: Sequence[ray.ObjectRef] = ray.wait(refs, num_returns=1, timeout=pause)[0]
        return done

    def _lose(self, number: int, question: Question, error: ray.exceptions.RayError) -> None:
        if isinstance(error, ray.exceptions.RayTaskError) or getattr(error, "actor_init_failed", False):
            raise error  # what it raised itself, while it answered or started, it would raise again
        losses = question.losses + 1
        pause = self.patience.pause_after(losses)
        if pause is None:
            from cluster.failure import last_line  # only where it is needed: the package takes a second to import

            why = f"an actor was lost {losses} times with the same question ({last_line(error)})"
            raise ClusterError(f"{self.doing} failed: {why}", todo=TODO) from error
        self.presence.lose(number)
        lost_with = question.lost_with | {number}
        self.waiting.append(replace(question, losses=losses, lost_with=lost_with, due=time.monotonic() + pause))
