"""Many callers, one model: what they ask is gathered into batches and read off the event loop.

The queue holds single inputs, so a caller's thousand items neither wait for a batch of their own nor starve the
caller of one; and one caller's unreadable input is that caller's fault alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from iirl_core.demonstration import Input
from iirl_core.errors import InputError
from iirl_core.reading import Score

log = logging.getLogger("iirl.serving")

Answer = Score | InputError
"""What became of one input."""

Read = Callable[[Sequence[Input]], Sequence[Score]]
"""Inputs → Scores in their order; raises InputError when one of them cannot be read. Called from one thread only."""


@dataclass(frozen=True, eq=False)
class _Waiting:
    input: Input
    answer: asyncio.Future[Answer]


class Batcher:
    """Owns the model's thread and the queue before it. Used from one event loop.

    Args:
        read: What the thread runs, at most ``batch`` inputs at a time.
        batch: Inputs read at once.
        wait_seconds: How long an incomplete batch waits for company.
    """

    def __init__(self, read: Read, batch: int, wait_seconds: float) -> None:
        self._read = read
        self._batch = batch
        self._wait_seconds = wait_seconds
        self._queue: deque[_Waiting] = deque()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self._turning: asyncio.Task[None] | None = None

    async def answers(self, inputs: Sequence[Input]) -> list[Answer]:
        """One answer per input, in order. Cancelling the call takes its unread inputs out of the queue."""
        loop = asyncio.get_running_loop()
        waiting = [_Waiting(item, loop.create_future()) for item in inputs]
        self._queue.extend(waiting)
        if self._queue and (self._turning is None or self._turning.done()):
            self._turning = loop.create_task(self._turn())
        return await asyncio.gather(*(one.answer for one in waiting))

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            if len(self._queue) < self._batch and self._wait_seconds:
                await asyncio.sleep(self._wait_seconds)
            batch = self._next_batch()
            if not batch:
                continue
            reading = loop.run_in_executor(self._thread, read_each, self._read, [one.input for one in batch])
            await asyncio.wait([reading])
            failure = reading.exception()
            for index, one in enumerate(batch):
                if one.answer.done():  # its caller has gone
                    continue
                if failure is not None:
                    one.answer.set_exception(failure)
                else:
                    one.answer.set_result(reading.result()[index])

    def afterwards(self, work: Callable[[], object]) -> None:
        """Run ``work`` in the model's thread, after what is read now. Nobody waits for it; its failure is logged."""
        self._thread.submit(_logged, work)

    def _next_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        while self._queue and len(batch) < self._batch:
            one = self._queue.popleft()
            if not one.answer.done():
                batch.append(one)
        return batch

    def close(self) -> None:
        """End the thread; what it has been given is finished first."""
        self._thread.shutdown(wait=True)


def _logged(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:  # whatever fails here, what was asked has been answered
        log.exception("work after an answer failed")


def read_each(read: Read, inputs: Sequence[Input]) -> list[Answer]:
    """Read all at once, or, when one of them cannot be read, each alone, so that only that one fails."""
    try:
        return list(read(inputs))
    except InputError as error:
        if len(inputs) == 1:
            return [error]
    return [answer for item in inputs for answer in read_each(read, [item])]
