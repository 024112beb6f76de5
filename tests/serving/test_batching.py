from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest

from iirl_core.demonstration import Input, conversation
from iirl_core.errors import InputError
from iirl_core.reading import Score
from serving.batching import Answer, Batcher
from tests.serving.scores import read


class Seen:
    """Reads, and remembers the sizes of the batches and where it ran."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.sizes: list[int] = []
        self.threads: set[str] = set()
        self.seconds = seconds

    def __call__(self, inputs: Sequence[Input]) -> list[Score]:
        self.sizes.append(len(inputs))
        self.threads.add(threading.current_thread().name)
        time.sleep(self.seconds)
        return read(inputs)


def answers_of(*lengths: int) -> list[Input]:
    return [conversation("q", "a" * length) for length in lengths]


def rewards(answers: Sequence[Answer]) -> list[float]:
    return [answer.reading.reward for answer in answers if isinstance(answer, Score)]


def turn(batcher: Batcher, work: Callable[[], Awaitable[object]]) -> object:
    async def run() -> object:
        try:
            return await asyncio.wait_for(work(), 10)
        finally:
            batcher.close()

    return asyncio.run(run())


def test_callers_share_batches_and_each_gets_its_own_answers_in_order() -> None:
    seen = Seen()
    batcher = Batcher(seen, batch=8, wait_seconds=0.05)

    async def work() -> None:
        first, second, third = await asyncio.gather(
            batcher.answers(answers_of(1, 2, 3)), batcher.answers(answers_of(4)), batcher.answers(answers_of(5, 6))
        )
        assert rewards(first) == [0.01, 0.02, 0.03]
        assert rewards(second) == [0.04]
        assert rewards(third) == [0.05, 0.06]

    turn(batcher, work)
    assert seen.sizes == [6]
    assert {name.split("_")[0] for name in seen.threads} == {"model"}, "the event loop must stay free"


def test_a_batch_is_never_larger_than_was_asked_for() -> None:
    seen = Seen()
    batcher = Batcher(seen, batch=4, wait_seconds=0.01)

    async def work() -> None:
        assert rewards(await batcher.answers(answers_of(*range(10)))) == [length / 100 for length in range(10)]

    turn(batcher, work)
    assert seen.sizes == [4, 4, 2]


def test_one_unreadable_input_is_its_callers_fault_alone() -> None:
    batcher = Batcher(read, batch=8, wait_seconds=0.02)

    async def work() -> None:
        bad, good = await asyncio.gather(
            batcher.answers([conversation("q", "aa"), conversation("q", "?")]), batcher.answers(answers_of(7))
        )
        assert rewards(good) == [0.07]
        assert rewards(bad[:1]) == [0.02]
        assert isinstance(bad[1], InputError)

    turn(batcher, work)


def test_work_after_an_answer_runs_in_the_models_thread_and_its_failure_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen, ran = Seen(), list[str]()
    batcher = Batcher(seen, batch=8, wait_seconds=0)

    def fail() -> None:
        raise ZeroDivisionError("drifting")

    async def work() -> None:
        await batcher.answers(answers_of(1))
        batcher.afterwards(fail)
        batcher.afterwards(lambda: ran.append(threading.current_thread().name))
        assert rewards(await batcher.answers(answers_of(2))) == [0.02]

    turn(batcher, work)
    assert set(ran) == set(seen.threads)
    assert [record.message for record in caplog.records] == ["work after an answer failed"]


def test_nothing_asked_is_answered_with_nothing_and_reads_nothing() -> None:
    seen = Seen()
    batcher = Batcher(seen, batch=8, wait_seconds=0.01)
    assert turn(batcher, lambda: batcher.answers([])) == []
    assert seen.sizes == []


def test_the_event_loop_runs_on_while_the_model_reads() -> None:
    batcher = Batcher(Seen(seconds=0.3), batch=8, wait_seconds=0)

    async def work() -> None:
        reading = asyncio.ensure_future(batcher.answers(answers_of(1)))
        ticks = 0
        while not reading.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert ticks >= 10
        await reading

    turn(batcher, work)


def test_a_caller_who_leaves_takes_what_is_unread_along_and_disturbs_nobody() -> None:
    seen = Seen(seconds=0.1)
    batcher = Batcher(seen, batch=2, wait_seconds=0)

    async def work() -> None:
        staying = asyncio.ensure_future(batcher.answers(answers_of(1, 2)))
        leaving = asyncio.ensure_future(batcher.answers(answers_of(3, 4, 5, 6)))
        await asyncio.sleep(0.05)
        leaving.cancel()
        assert rewards(await staying) == [0.01, 0.02]
        assert rewards(await batcher.answers(answers_of(7))) == [0.07]

    turn(batcher, work)
    assert sum(seen.sizes) == 3


def test_a_failure_of_the_model_reaches_its_callers_and_the_next_ones_are_served() -> None:
    broken = threading.Event()
    broken.set()

    def fail_once(inputs: Sequence[Input]) -> list[Score]:
        if broken.is_set():
            broken.clear()
            raise ZeroDivisionError
        return read(inputs)

    batcher = Batcher(fail_once, batch=8, wait_seconds=0)

    async def work() -> None:
        with pytest.raises(ZeroDivisionError):
            await batcher.answers(answers_of(1, 2))
        assert rewards(await batcher.answers(answers_of(3))) == [0.03]

    turn(batcher, work)
