"""Asking actors of ours, and another one again where one is lost: with its node, say, or because memory ran out.

    answers_in_order(actors, "rate", questions, doing="the evaluation", in_flight=4) → answers, in the questions' order

Ray's own retries would be used up at once where a node has just gone, before Ray knows that it has; so a question goes
out without any, and whom to ask again, and when, is decided here. An actor that was lost is left alone until Ray has
started it again; where all are lost, they are waited for, as long as it takes: until some node has room for one.

It imports nothing heavy on purpose: it runs in tasks, too, and in every new worker process.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import ray
from ray.actor import ActorHandle

from iirl_core.errors import ClusterError
from iirl_core.patience import PATIENCE, Patience

Beside = TypeVar("Beside")

LOST = (
    ray.exceptions.RayActorError,
    ray.exceptions.NodeDiedError,
    ray.exceptions.OutOfMemoryError,  # Ray ended it to save its node
    ray.exceptions.ObjectLostError,  # it had answered, and its node took the answer along
)
"""What Ray raises where an actor is lost with a question, rather than fails at it."""


def whom(load: Sequence[int], away: Collection[int], last: int) -> int:
    """The number of the actor to ask next: of those that are not ``away`` (of all, if all are) one with the fewest
    questions (``load``, of each), and of these ``last``, who answered last, or the first after it.
    """
    there = [number for number in range(len(load)) if number not in away] or range(len(load))
    return min(there, key=lambda number: (load[number], (number - last) % len(load)))


def answers_in_order(
    actors: Sequence[ActorHandle],
    method: str,
    questions: Iterable[tuple[Beside, tuple[object, ...]]],
    *,
    doing: str,
    in_flight: int,
    ahead: int | None = None,
    first: int = 0,
    patience: Patience = PATIENCE,
) -> Iterator[tuple[Beside, bytes]]:
    """What ``method`` of any of the ``actors`` answers to each question, given as the method's arguments, with what was
    put beside the question. It must give the same answer whoever is asked, and however often.

    Args:
        actors: At least one.
        method: Of the actors.
        questions: Drawn as they can be asked.
        doing: What failed where a question is given up.
        in_flight: Questions that are asked, and not answered, at a time.
        ahead: Questions that are drawn, at most, before the first of them is answered; None: ``in_flight``.
        first: The number of the actor that is asked first.
        patience: With each question.

    Raises:
        RayError: what an actor raised.
        ClusterError: a question lost more actors than ``patience`` allows.
    """
    asking = _Asking(actors, method, first, doing, patience)
    upcoming, turn = enumerate(questions), 0
    drawn, answered = deque[Beside](), dict[int, bytes]()
    while True:
        while asking.count < in_flight and len(drawn) < (ahead or in_flight):
            if (item := next(upcoming, None)) is None:
                break
            place, (beside, arguments) = item
            drawn.append(beside)
            asking.ask(_Question(place, arguments))
        if not drawn:
            return
        place, answer = asking.answer()
        answered[place] = answer
        while turn in answered:
            yield drawn.popleft(), answered.pop(turn)
            turn += 1


@dataclass(frozen=True)
class _Question:
    """With how many actors it was lost, with which one last, and when (by the monotonic clock) it is asked again."""

    place: int
    arguments: tuple[object, ...]
    losses: int = 0
    lost_with: int = -1
    due: float = 0.0


class _Asking:
    """Owns the questions that are with actors (``asked``) or to be asked again (``again``), and the calls that return
    where a lost actor has started again (``starting``).
    """

    def __init__(self, actors: Sequence[ActorHandle], method: str, first: int, doing: str, patience: Patience) -> None:
        self.actors, self.last, self.doing, self.patience = actors, first, doing, patience
        self.calls = [getattr(actor, method).options(max_task_retries=0) for actor in actors]
        self.load = [0] * len(actors)
        self.asked: dict[ray.ObjectRef, tuple[int, _Question]] = {}
        self.again: list[_Question] = []
        self.starting: dict[ray.ObjectRef, int] = {}

    @property
    def count(self) -> int:
        """Questions that are not answered."""
        return len(self.asked) + len(self.again)

    def ask(self, question: _Question) -> None:
        """Of whoever is there."""
        number = whom(self.load, {*self.starting.values(), question.lost_with}, self.last)
        self.load[number] += 1
        self.asked[self.calls[number].remote(*question.arguments)] = number, question

    def answer(self) -> tuple[int, bytes]:
        """The next one, with its question's place. There must be a question that is not answered."""
        while True:
            self._ask_due()
            for ref in self._done():
                if self.starting.pop(ref, None) is not None:  # or lost once more: that will cost a question a loss
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
        now = time.monotonic()
        due = [question for question in self.again if question.due <= now]
        self.again = [question for question in self.again if question.due > now]
        for question in due:
            self.ask(question)

    def _done(self) -> Sequence[ray.ObjectRef]:
        """The call that returns next; none, if a question is to be asked again before that."""
        pause = max(0.0, min(one.due for one in self.again) - time.monotonic()) if self.again else None
        refs = [*self.asked, *self.starting]
        if not refs:
            time.sleep(pause or 0.0)
            return ()
        done: Sequence[ray.ObjectRef] = ray.wait(refs, num_returns=1, timeout=pause)[0]
        return done

    def _lose(self, number: int, question: _Question, error: Exception) -> None:
        losses = question.losses + 1
        pause = self.patience.pause_after(losses)
        if pause is None:
            from cluster.failure import last_line  # only where it is needed: the package takes a second to import

            raise ClusterError(
                f"{self.doing} failed: an actor was lost {losses} times with the same question ({last_line(error)})",
                todo="See ray status and /tmp/ray/session_latest/logs for what ended it, then run the command again",
            ) from error
        if number not in self.starting.values():
            self.starting[self.actors[number].__ray_ready__.remote()] = number
        self.again.append(replace(question, losses=losses, lost_with=number, due=time.monotonic() + pause))
