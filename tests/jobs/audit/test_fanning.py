"""Chunks reach every scorer alike, however many there are, and each comes back once."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import cast

import pytest
import ray

from jobs.audit.fanning import _fan_out
from jobs.audit.scorers import ScorerPool

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]


class Answering:
    """Says who it is instead of auditing."""

    def __init__(self, name: int) -> None:
        self.name = name

    def answer(self, assignment: str, question: bytes) -> bytes:
        return f"{assignment} {question.decode()} {self.name}".encode()


@pytest.mark.parametrize(("scorers", "chunks"), [(1, 3), (3, 100), (4, 256)])
def test_every_scorer_gets_its_share_and_every_chunk_its_answer(scorers: int, chunks: int) -> None:
    actors = [ray.remote(num_cpus=0)(Answering).remote(name) for name in range(scorers)]
    pool = cast(ScorerPool, SimpleNamespace(actors=actors))
    told = dict(_fan_out(pool, ray.put("of"), [str(number).encode() for number in range(chunks)]))
    assert sorted(told) == list(range(chunks))
    words = [told[number].decode().split() for number in range(chunks)]
    assert [word[:2] for word in words] == [["of", str(number)] for number in range(chunks)]
    shares = Counter(word[2] for word in words)
    assert len(shares) == scorers
    assert min(shares.values()) > chunks / scorers / 2
    for actor in actors:
        ray.kill(actor)
