"""Fanning out: chunks of probes → Ray Data tasks → scorer actors → results, streamed back.

Tasks only wait for an actor, so they declare almost no CPU; at most two wait per scorer, which keeps every scorer busy
and never starts more worker processes than that.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import ray
import ray.data
from ray.data import TaskPoolStrategy

from cluster.failure import failure_of
from cluster.streaming import streaming
from iirl_core.audit import ChunkResult
from jobs.audit.scorers import ScorerPool
from jobs.scorer import Chunk

WAITING_CPUS = 0.05
WAITING_PER_SCORER = 2


def audit_chunks(
    scorers: ScorerPool, assignment: ray.ObjectRef, chunks: Sequence[Chunk]
) -> Iterator[tuple[int, ChunkResult]]:
    """Audit every chunk; its place among ``chunks`` and its result, as they are done.

    Raises:
        IirlError: what a scorer raised, if it is one of ours.
        ClusterError: a scorer was lost more often than Ray retries.
    """
    for number, answer in _fan_out(scorers, assignment, [pickle.dumps(chunk) for chunk in chunks]):
        yield number, pickle.loads(answer)  # noqa: S301 - our own scorers' answers


def _fan_out(scorers: ScorerPool, assignment: ray.ObjectRef, questions: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    if not questions:
        return
    waiting = WAITING_PER_SCORER * len(scorers.actors)
    rows = [{"number": number, "question": question} for number, question in enumerate(questions)]
    try:
        with streaming():
            answers = ray.data.from_items(rows, override_num_blocks=min(len(rows), 4 * waiting)).map_batches(
                _asker(scorers, assignment),
                batch_size=1,
                compute=TaskPoolStrategy(size=min(waiting, len(rows))),
                num_cpus=WAITING_CPUS,
            )
            for row in answers.iter_rows():
                yield int(row["number"]), row["answer"]
    except ray.exceptions.RayError as error:
        raise failure_of(error, "the audit") from error


def _asker(scorers: ScorerPool, assignment: ray.ObjectRef) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """What a task does. It refers to nothing of ours, so that a worker process starts without importing any of it."""
    actors = list(scorers.actors)

    def ask(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        actor = actors[int(batch["number"][0]) % len(actors)]
        answer = ray.get(actor.answer.remote(assignment, batch["question"][0]))
        return {"number": batch["number"], "answer": np.array([answer], dtype=object)}

    return ask
