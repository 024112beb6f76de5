"""Fanning out: chunks of probes → Ray Data tasks → scorer actors → results, streamed back.

A task hands a block of chunks to the scorers, two at a time, the next to whichever has answered, so that every scorer
has one more to go on with; where a scorer is lost with its node, another gets the chunk. A task only waits, so it asks
for almost no CPU; there is one for each scorer, because a worker process costs a core a second to start.
"""

from __future__ import annotations

import pickle
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import ray
import ray.data
from ray.data import TaskPoolStrategy

from cluster.failure import failure_of
from cluster.resources import ASKING
from cluster.streaming import streaming
from iirl_core.audit import ChunkResult
from jobs.audit.scorers import ScorerPool
from jobs.scorer import Chunk

IN_FLIGHT = 2
"""Chunks that a task has with the scorers at a time."""
CHUNKS_PER_BLOCK = 8
"""At most: a task gives its answers back when all are there."""
LOSSES, PAUSE = 6, 2.0
"""How often the scorer that a chunk is with may be lost, and the seconds before the next one is asked, doubled each
time: two minutes in all. Ray's own retries would be used up at once where a node has just gone. A scorer that starts
again is waited for, as long as it takes: where no other node has room for it, until one has.
"""
BLOCKS_PER_SCORER = 8
"""At least, where there are so many chunks: so that all scorers end at about the same time."""


def audit_chunks(
    scorers: ScorerPool, assignment: ray.ObjectRef, chunks: Sequence[Chunk]
) -> Iterator[tuple[int, ChunkResult]]:
    """Audit every chunk; its place among ``chunks`` and its result, as they are done.

    Raises:
        IirlError: what a scorer raised, if it is one of ours.
        ClusterError: scorers were lost again and again with the same chunk.
    """
    for number, answer in _fan_out(scorers, assignment, [pickle.dumps(chunk) for chunk in chunks]):
        yield number, pickle.loads(answer)  # noqa: S301 - our own scorers' answers


def _fan_out(scorers: ScorerPool, assignment: ray.ObjectRef, questions: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    if not questions:
        return
    tasks = len(scorers.actors)
    rows = [{"number": number, "question": question} for number, question in enumerate(questions)]
    blocks = min(len(rows), max(BLOCKS_PER_SCORER * tasks, -(-len(rows) // CHUNKS_PER_BLOCK)))
    try:
        with streaming():
            answers = ray.data.from_items(rows, override_num_blocks=blocks).map_batches(
                _asker(scorers, assignment, blocks / len(rows)),
                batch_size=None,
                compute=TaskPoolStrategy(size=min(tasks, blocks)),
                num_cpus=ASKING,
            )
            for row in answers.iter_rows():
                yield int(row["number"]), row["answer"]
    except ray.exceptions.RayError as error:
        raise failure_of(error, "the audit") from error


def _asker(
    scorers: ScorerPool, assignment: ray.ObjectRef, blocks_per_chunk: float
) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """What a task does. Blocks begin with different scorers, one block after the other, so that all of them are asked
    alike. It refers to nothing of ours, so that a worker process starts without importing any of it.
    """
    actors, in_flight, losses, pause = list(scorers.actors), IN_FLIGHT, LOSSES, PAUSE

    def ask(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        numbers, questions = batch["number"], batch["question"]
        answers = np.empty(len(numbers), dtype=object)
        lost = np.zeros(len(numbers), dtype=np.int64)
        asked: dict[ray.ObjectRef, tuple[int, int]] = {}
        left, free = deque(range(len(numbers))), in_flight * round(int(numbers[0]) * blocks_per_chunk) - 1
        while left or asked:
            if left and len(asked) < in_flight:
                free = (free + 1) % len(actors)
            else:
                (done,), _ = ray.wait(list(asked), num_returns=1)
                place, free = asked.pop(done)
                try:
                    answers[place] = ray.get(done)
                except (ray.exceptions.RayActorError, ray.exceptions.ObjectLostError):  # with its node, say
                    lost[place] += 1
                    if lost[place] > losses:
                        raise
                    time.sleep(pause * 2.0 ** (lost[place] - 1))
                    left.appendleft(place)
                    free = (free + 1) % len(actors)
            if left:
                place = left.popleft()
                answer = actors[free].answer.options(max_task_retries=0)
                asked[answer.remote(assignment, questions[place])] = place, free
        return {"number": numbers, "answer": answers}

    return ask
