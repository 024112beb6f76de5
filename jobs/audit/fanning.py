"""Fanning out: chunks of probes → Ray Data tasks → scorer actors → results, streamed back.

A task hands a block of chunks to the scorers, two at a time, the next to whichever has answered, so that every scorer
has one more to go on with; where one is lost, another gets the chunk (``jobs/asking_again.py``). A task only waits, so
it asks for almost no CPU; there is one for each scorer, because a worker process costs a core a second to start.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import ray
import ray.data
from ray.data import TaskPoolStrategy

from cluster.failure import failure_of
from cluster.resources import ASKING
from cluster.streaming import streaming
from iirl_core.audit import ChunkResult
from iirl_core.patience import PATIENCE, Patience
from jobs.asking_again import answers_in_order
from jobs.audit.scorers import ScorerPool
from jobs.scorer import Chunk

IN_FLIGHT = 2
"""Chunks that a task has with the scorers at a time."""
CHUNKS_PER_BLOCK = 8
"""At most: a task gives its answers back when all are there."""
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


def _fan_out(
    scorers: ScorerPool, assignment: ray.ObjectRef, questions: Sequence[bytes], patience: Patience = PATIENCE
) -> Iterator[tuple[int, bytes]]:
    if not questions:
        return
    tasks = len(scorers.actors)
    rows = [{"number": number, "question": question} for number, question in enumerate(questions)]
    blocks = min(len(rows), max(BLOCKS_PER_SCORER * tasks, -(-len(rows) // CHUNKS_PER_BLOCK)))
    try:
        with streaming():
            answers = ray.data.from_items(rows, override_num_blocks=blocks).map_batches(
                _asker(scorers, assignment, blocks / len(rows), patience),
                batch_size=None,
                compute=TaskPoolStrategy(size=min(tasks, blocks)),
                num_cpus=ASKING,
            )
            for row in answers.iter_rows():
                yield int(row["number"]), row["answer"]
    except ray.exceptions.RayError as error:
        raise failure_of(error, "the audit") from error


def _asker(
    scorers: ScorerPool, assignment: ray.ObjectRef, blocks_per_chunk: float, patience: Patience
) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """What a task does. Blocks begin with different scorers, one block after the other, so that all of them are asked
    alike. Of ours it refers to nothing that is heavy, so that a worker process starts without importing it.
    """
    actors, in_flight = list(scorers.actors), IN_FLIGHT

    def ask(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        numbers = batch["number"]
        answers = np.empty(len(numbers), dtype=object)
        for place, answer in answers_in_order(
            actors,
            "answer",
            [(place, (assignment, question)) for place, question in enumerate(batch["question"])],
            doing="the audit",
            in_flight=in_flight,
            ahead=len(numbers),
            first=in_flight * round(int(numbers[0]) * blocks_per_chunk) % len(actors),
            patience=patience,
        ):
            answers[place] = answer
        return {"number": numbers, "answer": answers}

    return ask
