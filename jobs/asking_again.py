"""Asking actors of ours, and another one again where one is lost: with its node, say, or because memory ran out.

    answers_in_order(actors, "rate", questions, doing="the evaluation", in_flight=4) → answers, in the questions' order

Ray's own retries would be used up at once where a node has just gone, before Ray knows that it has; so actors are made
without any (``max_task_retries=0``, Ray's default), and whom to ask again, and when, is decided here. Of an actor that
is made with some, Ray would keep what it is asked while it starts again until it has started, be that in hours. An
actor that was lost is left alone until Ray has started it again (``jobs/presence.py``); where all are, questions wait
for the first one that is there again, as long as it takes: until some node has room for it.

It imports nothing heavy on purpose: it runs in tasks, too, and in every new worker process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from ray.actor import ActorHandle

from iirl_core.patience import PATIENCE, Patience
from jobs.outstanding import Outstanding, Question

Beside = TypeVar("Beside")


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
        actors: At least one, made without ``max_task_retries``.
        method: Of the actors.
        questions: Drawn as they can be asked.
        doing: What failed where a question is given up.
        in_flight: Questions that are asked, and not answered, at a time.
        ahead: Questions that are drawn, at most, before the first of them is answered; None: ``in_flight``.
        first: The number of the actor that is asked first.
        patience: With each question.

    Raises:
        RayError: what an actor raised, or why it could not start.
        ClusterError: a question lost more actors than ``patience`` allows, or none of them starts again.
    """
    outstanding = Outstanding(actors, method, first, doing, patience)
    upcoming, turn = enumerate(questions), 0
    drawn, answered = deque[Beside](), dict[int, bytes]()
    while True:
        while outstanding.count < in_flight and len(drawn) < (ahead or in_flight):
            if (item := next(upcoming, None)) is None:
                break
            place, (beside, arguments) = item
            drawn.append(beside)
            outstanding.ask(Question(place, arguments))
        if not drawn:
            return
        place, answer = outstanding.answer()
        answered[place] = answer
        while turn in answered:
            yield drawn.popleft(), answered.pop(turn)
            turn += 1
