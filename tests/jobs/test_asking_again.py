"""Every question is answered once and in order, whichever actors are lost on the way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
from ray.actor import ActorHandle

from iirl_core.errors import ClusterError, InputError
from iirl_core.patience import Patience
from jobs.asking_again import answers_in_order, whom
from tests.jobs.losing import lost_once

HASTE = Patience(losses=2, pause=0.01)


class Answering:
    """Says what it was asked, and which process it is."""

    def answer(self, said: str, number: int) -> bytes:
        if number == 99:
            raise InputError("99", "a smaller number")
        return f"{said} {number} {os.getpid()}".encode()


class Dying(Answering):
    def answer(self, said: str, number: int) -> bytes:
        if number == 13:
            os._exit(1)
        return super().answer(said, number)


@pytest.fixture
def started(ray_session: None) -> Iterator[list[ActorHandle]]:
    actors: list[ActorHandle] = []
    yield actors
    for actor in actors:
        ray.kill(actor)


def two(actor: type[Answering], started: list[ActorHandle]) -> list[ActorHandle]:
    remote = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=3)(actor)
    started.extend(remote.remote() for _ in range(2))
    return started


@pytest.mark.parametrize(
    ("load", "away", "last", "next_one"),
    [
        ([0, 0, 0], (), 1, 1),  # who answered last
        ([1, 1, 0], (), 1, 2),  # who has least to do
        ([0, 1, 0], (), 1, 2),  # the first after who answered last
        ([0, 1, 1], (0,), 1, 1),  # nobody who is away
        ([2, 1, 1], (0, 1, 2), 0, 1),  # but where all are
    ],
)
def test_the_next_question_goes_to_one_with_the_fewest(
    load: list[int], away: tuple[int, ...], last: int, next_one: int
) -> None:
    assert whom(load, away, last) == next_one


@pytest.mark.ray
def test_answers_come_in_order_and_few_questions_are_drawn_ahead(started: list[ActorHandle]) -> None:
    drawn = []

    def questions() -> Iterator[tuple[int, tuple[object, ...]]]:
        for number in range(20):
            drawn.append(number)
            yield number, ("so", number)

    for place, (number, answer) in enumerate(
        answers_in_order(two(Answering, started), "answer", questions(), doing="a test", in_flight=2, ahead=3)
    ):
        assert number == place
        assert answer.decode().split()[:2] == ["so", str(number)]
        assert len(drawn) <= place + 3
    assert len(drawn) == 20


@pytest.mark.ray
def test_an_actor_that_was_lost_is_asked_again_once_it_has_started_again(
    started: list[ActorHandle], tmp_path: Path
) -> None:
    actors = two(lost_once(Answering, "answer", 3, tmp_path / "lost"), started)
    processes: set[str] = set()

    def questions() -> Iterator[tuple[int, tuple[object, ...]]]:
        number = 0
        while len(processes) < 3:  # of two actors, one of which started twice
            yield number, ("so", number)
            number += number != 98

    for number, answer in answers_in_order(actors, "answer", questions(), doing="a test", in_flight=4, patience=HASTE):
        said, told, process = answer.decode().split()
        assert (said, told) == ("so", str(number))
        processes.add(process)
    assert (tmp_path / "lost").exists()


@pytest.mark.ray
def test_a_question_that_every_actor_is_lost_with_is_given_up_in_one_line(started: list[ActorHandle]) -> None:
    questions = [((), ("so", number)) for number in (12, 13, 14)]
    asked = answers_in_order(
        two(Dying, started), "answer", questions, doing="the evaluation", in_flight=2, patience=HASTE
    )
    assert next(asked)[1].startswith(b"so 12 ")
    with pytest.raises(ClusterError, match="the evaluation failed: an actor was lost 3 times") as caught:
        list(asked)
    assert "\n" not in str(caught.value)
    assert "run the command again" in str(caught.value)


@pytest.mark.ray
def test_what_an_actor_raises_is_raised_and_not_asked_again(started: list[ActorHandle]) -> None:
    asked = answers_in_order(two(Answering, started), "answer", [((), ("so", 99))], doing="a test", in_flight=1)
    with pytest.raises(InputError, match="a smaller number"):
        list(asked)
