"""Fanning out: chunks of probes (or of findings to verify) → Ray Data tasks → scorer actors → results, streamed back.

Tasks only wait for an actor, so they declare almost no CPU; at most two wait per scorer, which keeps every scorer busy
and never starts more worker processes than that.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import ray
import ray.data
from ray.data import TaskPoolStrategy

from cluster.failure import failure_of
from cluster.streaming import streaming
from iirl_core.audit import ChunkResult, Finding
from iirl_core.probe import ChunkSeed
from jobs.audit.scorers import Assignment, ScorerPool

T = TypeVar("T")
WAITING_CPUS = 0.05
WAITING_PER_SCORER = 2
VERIFIED_AT_A_TIME = 64


@dataclass(frozen=True)
class Chunk:
    """``count`` probes of one family."""

    seed: ChunkSeed
    count: int


def audit_chunks(scorers: ScorerPool, assignment: Assignment, chunks: Sequence[Chunk]) -> Iterator[ChunkResult]:
    """Audit every chunk; results come as they are done.

    Raises:
        IirlError: what a scorer raised, if it is one of ours.
        ClusterError: a scorer was lost more often than Ray retries.
    """
    return _fan_out(scorers, "audit", assignment, [(chunk.seed, chunk.count) for chunk in chunks])


def verify_findings(
    scorers: ScorerPool, assignment: Assignment, findings: Sequence[Finding]
) -> Iterator[list[Finding | None]]:
    """Verify findings by the other path; None where one does not hold.

    Raises:
        IirlError, ClusterError: as ``audit_chunks``.
    """
    step = VERIFIED_AT_A_TIME
    parts = [(tuple(findings[start : start + step]),) for start in range(0, len(findings), step)]
    return _fan_out(scorers, "verify", assignment, parts)


def _fan_out(
    scorers: ScorerPool, method: str, assignment: Assignment, calls: Sequence[tuple[object, ...]]
) -> Iterator[T]:
    if not calls:
        return
    waiting = WAITING_PER_SCORER * len(scorers.actors)
    # Pickles travel between our own processes over Ray's own channels only; nothing from outside is unpickled.
    rows = [{"number": number, "call": pickle.dumps(call)} for number, call in enumerate(calls)]
    try:
        with streaming():
            answers = ray.data.from_items(rows, override_num_blocks=min(len(rows), 4 * waiting)).map_batches(
                _asker(scorers, method, assignment),
                batch_size=1,
                compute=TaskPoolStrategy(size=waiting),
                num_cpus=WAITING_CPUS,
            )
            for row in answers.iter_rows():
                yield pickle.loads(row["answer"])  # noqa: S301 - our own, see above
    except ray.exceptions.RayError as error:
        raise failure_of(error, "the audit") from error


def _asker(
    scorers: ScorerPool, method: str, assignment: Assignment
) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    actors = list(scorers.actors)

    def ask(batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        number, call = int(batch["number"][0]), pickle.loads(batch["call"][0])  # noqa: S301 - our own
        answer = ray.get(getattr(actors[number % len(actors)], method).remote(assignment, *call))
        return {"answer": np.array([pickle.dumps(answer)], dtype=object)}

    return ask
