"""Every question is answered once and in order, whichever actors are lost on the way."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
from ray.actor import ActorHandle

from iirl_core.errors import ClusterError, InputError
from iirl_core.patience import Patience
from jobs.asking_again import answers_in_order
from tests.jobs.losing import lost_once

HASTE = Patience(losses=2, pause=0.01)


class Answering:
    """Says what it was asked, and which process it is."""

    def answer(self, said: str, number: int) -> bytes:
        if number == 99:
            raise InputError("99", "a smaller number")
        return f"{said} {number} {os.getpid()}".encode()


class Failing(Answering):
    """One that cannot start."""

    def __init__(self) -> None:
        raise InputError("no key for the store", "one")


class Losing(Answering):
    """One that itself asks for what is lost; it notes how often it was asked."""

    def __init__(self, asked: str) -> None:
        self.asked = Path(asked)

    def answer(self, said: str, number: int) -> bytes:
        with self.asked.open("a") as lines:
            lines.write("asked\n")
        raise ray.exceptions.ObjectLostError("ab" * 28, None, "")


class Dying(Answering):
    def answer(self, said: str, number: int) -> bytes:
        if number == 13:
            os._exit(1)
        return super().answer(said, number)


class Waiting(Answering):
    """Starts at once, and again once there is room."""

    def __init__(self, began: str, room: str) -> None:
        while Path(began).exists() and not Path(room).exists():
            time.sleep(0.02)
        Path(began).touch()


class Leaving:
    """The first process of each ends at its second question; the next one is not there until the file says so."""

    def __init__(self, began: str, room: str | None) -> None:
        self.asked = 0
        if Path(began).exists():
            while room is not None and not Path(room).exists():
                time.sleep(0.02)
        Path(began).touch()
        self.first = not Path(f"{began}-left").exists()
        self.left = Path(f"{began}-left")

    def answer(self, said: str, number: int) -> bytes:
        self.asked += 1
        if self.first and self.asked == 2:
            self.left.touch()
            os._exit(1)
        return f"{said} {number}".encode()


@pytest.fixture
def started(ray_session: None) -> Iterator[list[ActorHandle]]:
    actors: list[ActorHandle] = []
    yield actors
    for actor in actors:
        ray.kill(actor)


def two(actor: type[Answering], started: list[ActorHandle]) -> list[ActorHandle]:
    remote = ray.remote(num_cpus=0, max_restarts=-1)(actor)
    started.extend(remote.remote() for _ in range(2))
    return started


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


@pytest.mark.ray
def test_where_all_are_lost_the_first_that_is_there_again_answers_what_is_left(
    started: list[ActorHandle], tmp_path: Path
) -> None:
    remote = ray.remote(num_cpus=0, max_restarts=-1)(Leaving)
    room = tmp_path / "room"
    started.append(remote.remote(str(tmp_path / "soon"), None))
    started.append(remote.remote(str(tmp_path / "later"), str(room)))
    questions = [(number, ("so", number)) for number in range(12)]
    asked = answers_in_order(started, "answer", questions, doing="a test", in_flight=4, patience=Patience(6, 0.01))
    assert [(number, answer.decode()) for number, answer in asked] == [(number, f"so {number}") for number in range(12)]
    assert (tmp_path / "soon-left").exists()
    assert (tmp_path / "later-left").exists()
    room.touch()


@pytest.mark.ray
def test_one_that_starts_again_unnoticed_keeps_no_question(started: list[ActorHandle], tmp_path: Path) -> None:
    remote, room = ray.remote(num_cpus=0, max_restarts=-1)(Waiting), tmp_path / "room"
    started.extend(remote.remote(str(tmp_path / name), str(room)) for name in ("one", "other"))
    processes: list[int] = []

    def questions() -> Iterator[tuple[None, tuple[object, ...]]]:
        for number in range(2):
            yield None, ("so", number)
        os.kill(processes[-1], signal.SIGKILL)  # nobody waits for an answer of it
        time.sleep(1.0)  # Ray knows
        for number in range(2, 8):
            yield None, ("so", number)

    gives_up = threading.Timer(30.0, room.touch)  # where a question is kept, the test fails and does not hang
    gives_up.start()
    try:
        for _, answer in answers_in_order(started, "answer", questions(), doing="a test", in_flight=2, ahead=1):
            processes.append(int(answer.decode().split()[2]))
        assert not room.exists()
        assert len(processes) == 8
        assert len(set(processes)) == 2
    finally:
        gives_up.cancel()
        room.touch()


@pytest.mark.ray
def test_where_none_starts_again_it_ends_in_one_line(started: list[ActorHandle]) -> None:
    remote = ray.remote(num_cpus=0, max_restarts=0)(Dying)
    started.extend(remote.remote() for _ in range(2))
    questions = [((), ("so", number)) for number in (13, 13, 14)]
    asked = answers_in_order(
        started, "answer", questions, doing="the evaluation", in_flight=2, patience=Patience(losses=4, pause=0.01)
    )
    with pytest.raises(ClusterError, match="the evaluation failed: every actor was lost, and none starts again"):
        list(asked)


@pytest.mark.ray
def test_an_actor_that_cannot_start_is_not_waited_for(started: list[ActorHandle]) -> None:
    started.append(ray.remote(num_cpus=0)(Failing).remote())
    asked = answers_in_order(
        started, "answer", [((), ("so", 1))], doing="a test", in_flight=1, patience=Patience(losses=6, pause=100.0)
    )
    with pytest.raises(ray.exceptions.RayActorError, match="no key for the store"):
        list(asked)


@pytest.mark.ray
def test_what_an_actor_itself_finds_lost_is_raised_and_not_asked_again(
    started: list[ActorHandle], tmp_path: Path
) -> None:
    started.append(ray.remote(num_cpus=0)(Losing).remote(str(tmp_path / "asked")))
    asked = answers_in_order(started, "answer", [((), ("so", 1))], doing="a test", in_flight=1, patience=HASTE)
    with pytest.raises(ray.exceptions.RayTaskError):
        list(asked)
    assert (tmp_path / "asked").read_text() == "asked\n"
