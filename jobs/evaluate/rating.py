"""Rating: rows stream through the scorers, a batch of answers at a time, and come back in order without their texts."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import ray

from cluster.failure import failure_of
from iirl_core.canonical import Digest
from iirl_core.demonstration import Input
from iirl_core.evaluation import RowFacts
from iirl_core.evaluation.frozen import Floats
from jobs.asking_again import answers_in_order
from jobs.audit.scorers import ScorerPool
from jobs.evaluate.endpoint import Endpoint
from jobs.evaluate.reading import Row
from jobs.evaluate.scoring import Advance, Scored

Kept = TypeVar("Kept")

BATCH = 64
"""Inputs; a row's answers stay together."""
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


@dataclass(frozen=True)
class Raters:
    """Scorers, and whether code that came with an encoder may run there."""

    pool: ScorerPool
    remote: bool

    def ask(
        self, digests: Sequence[Digest], batches: Iterable[tuple[Kept, Sequence[Input]]]
    ) -> Iterator[tuple[Kept, list[Scored]]]:
        """What each artifact says of each batch, in order, and what was kept beside the batch; at most two batches wait
        per scorer.

        Raises:
            IirlError: what a scorer raised, if it is one of ours.
            ClusterError: scorers were lost again and again with the same batch.
        """
        questions = ((kept, (list(digests), self.remote, pickle.dumps(inputs))) for kept, inputs in batches)
        try:
            for kept, answer in answers_in_order(
                self.pool.actors, "rate", questions, doing="the evaluation", in_flight=self.ahead
            ):
                yield kept, pickle.loads(answer)  # noqa: S301 - our own scorers' answers
        except ray.exceptions.RayError as error:
            raise failure_of(error, "the evaluation") from error

    @property
    def ahead(self) -> int:
        """Batches that are asked before the first is answered."""
        return WAITING_PER_SCORER * len(self.pool.actors)

    def score(self, digest: Digest, inputs: Sequence[Input], advance: Advance) -> Scored:
        """What one artifact says of all inputs.

        Raises:
            IirlError, ClusterError: as ``ask``.
        """
        starts = range(0, max(1, len(inputs)), BATCH)
        parts = []
        for _, (scored,) in self.ask([digest], ((start, list(inputs[start : start + BATCH])) for start in starts)):
            parts.append(scored)
            advance(len(scored.inputs))
        return Scored.joined(parts)

    def rate(self, digests: Sequence[Digest], rows: Iterable[Row], endpoint: Endpoint | None) -> Iterator[Rated]:
        """Rows, batch by batch: the first artifact's rewards are what is evaluated, a second one's (or those of
        ``endpoint``) are golden.

        Raises:
            IirlError, ClusterError: as ``ask``, and what the endpoint raises.
        """
        with ThreadPoolExecutor(self.ahead) as threads:

            def batches() -> Iterator[tuple[tuple[tuple[RowFacts, ...], Future[Floats] | None], Sequence[Input]]]:
                for batch in _batches(rows):
                    answers = [answer for row in batch for answer in row.answers]
                    golden = None if endpoint is None else threads.submit(endpoint.rewards, answers)
                    yield (tuple(row.facts() for row in batch), golden), answers

            try:
                for (facts, asked), scored in self.ask(digests, batches()):
                    own, *others = scored
                    golden = asked.result() if asked else others[0].inputs if others else None
                    yield Rated(facts, own.inputs, own.heads, golden)
            finally:
                threads.shutdown(cancel_futures=True)


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
