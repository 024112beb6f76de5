"""Rating: rows stream through the scorers, a batch of answers at a time, and come back in order without their texts."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import ray

from cluster.failure import failure_of
from iirl_core.canonical import Digest
from iirl_core.evaluation import RowFacts
from iirl_core.evaluation.frozen import Floats
from jobs.audit.scorers import ScorerPool
from jobs.evaluate.endpoint import Endpoint
from jobs.evaluate.reading import Row

BATCH = 64
"""Answers; a row's stay together."""
WAITING_PER_SCORER = 2


@dataclass(frozen=True, eq=False)
class Rated:
    """Rows that were scored: of their A answers ``rewards [A]``, ``heads [A, H]``, and ``golden [A]`` where another
    artifact or an endpoint was asked (else None).
    """

    facts: tuple[RowFacts, ...]
    rewards: Floats
    heads: Floats
    golden: Floats | None


class Raters:
    """Scorers that know which artifacts they are asked about: the first one's rewards are what is evaluated, a second
    one's (or those of ``endpoint``) are golden.
    """

    def __init__(self, pool: ScorerPool, digests: Sequence[Digest], remote: bool, endpoint: Endpoint | None) -> None:
        self.pool, self.digests, self.remote, self.endpoint = pool, tuple(digests), remote, endpoint

    def rate(self, rows: Iterable[Row]) -> Iterator[Rated]:
        """Batch by batch, in order; at most two batches wait per scorer.

        Raises:
            IirlError: what a scorer or the endpoint raised, if it is one of ours.
            ClusterError: a scorer was lost more often than Ray retries.
        """
        actors, waiting = self.pool.actors, deque[_Asked]()
        with ThreadPoolExecutor(WAITING_PER_SCORER * len(actors)) as threads:
            try:
                for number, batch in enumerate(_batches(rows)):
                    if len(waiting) == WAITING_PER_SCORER * len(actors):
                        yield self._rated(waiting.popleft())
                    answers = [answer for row in batch for answer in row.answers]
                    asked = actors[number % len(actors)].rate.remote(self.digests, self.remote, pickle.dumps(answers))
                    golden = None if self.endpoint is None else threads.submit(self.endpoint.rewards, answers)
                    waiting.append(_Asked(tuple(row.facts() for row in batch), asked, golden))
                while waiting:
                    yield self._rated(waiting.popleft())
            except ray.exceptions.RayError as error:
                raise failure_of(error, "the evaluation") from error
            finally:
                threads.shutdown(cancel_futures=True)

    def _rated(self, asked: _Asked) -> Rated:
        rewards, heads = pickle.loads(ray.get(asked.answer))  # noqa: S301 - our own scorers' answers
        golden: Floats | None = rewards[1] if len(rewards) > 1 else None
        return Rated(asked.facts, rewards[0], heads, asked.golden.result() if asked.golden else golden)


@dataclass(frozen=True)
class _Asked:
    facts: tuple[RowFacts, ...]
    answer: ray.ObjectRef
    golden: Future[Floats] | None


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    answers = 0
    for row in rows:
        batch.append(row)
        answers += len(row.answers)
        if answers >= BATCH:
            yield batch
            batch, answers = [], 0
    if batch:
        yield batch


def joined(parts: Sequence[Rated]) -> Rated:
    """All of them as one; golden scores come from the rows where nobody else was asked."""
    facts = tuple(row for part in parts for row in part.facts)
    told = [np.zeros(0), *(part.golden for part in parts if part.golden is not None)]
    own = [row.golden for row in facts if row.golden is not None]
    golden = np.array(own, np.float64) if own else np.concatenate(told)
    return Rated(
        facts,
        np.concatenate([part.rewards for part in parts]),
        np.concatenate([part.heads for part in parts]),
        golden,
    )
