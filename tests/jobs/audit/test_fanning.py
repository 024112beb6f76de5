"""Chunks reach every scorer alike, however many there are, and each comes back once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import ray

from iirl_core.errors import ClusterError, InputError
from iirl_core.patience import Patience
from jobs.audit.fanning import _fan_out
from jobs.audit.scorers import ScorerPool
from tests.jobs.audit.answering import Answering, Dying, Refusing
from tests.printed import printed_by_ray_data

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]


@pytest.mark.parametrize(("scorers", "chunks"), [(1, 3), (3, 100)])
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


def dying(died: Path, *, always: bool) -> ScorerPool:
    remote = ray.remote(num_cpus=0, max_restarts=-1)(Dying)
    return cast(ScorerPool, SimpleNamespace(actors=[remote.remote(str(died), always) for _ in range(2)]))


def test_a_chunk_whose_scorer_is_lost_goes_to_another(tmp_path: Path) -> None:
    questions = [b"kill" if number == 5 else str(number).encode() for number in range(12)]
    pool = dying(tmp_path / "died", always=False)
    told = dict(_fan_out(pool, ray.put("of"), questions, Patience(losses=2, pause=0.01)))
    assert (tmp_path / "died").exists()
    assert [told[number] for number in range(12)] == questions


def test_a_chunk_that_loses_every_scorer_ends_the_audit_in_one_line(tmp_path: Path) -> None:
    pool = dying(tmp_path / "died", always=True)
    with pytest.raises(ClusterError, match="the audit failed: an actor was lost 3 times") as caught:
        dict(_fan_out(pool, ray.put("of"), [b"1", b"kill", b"2"], Patience(losses=2, pause=0.01)))
    assert "\n" not in str(caught.value)
    assert "retry attempts" not in str(caught.value)


def test_what_a_scorer_raises_ends_the_audit_with_that_error() -> None:
    pool = cast(ScorerPool, SimpleNamespace(actors=[ray.remote(num_cpus=0)(Refusing).remote()]))
    with printed_by_ray_data() as printed, pytest.raises(InputError) as caught:
        dict(_fan_out(pool, ray.put("of"), [b"1"]))
    assert str(caught.value) == "a norm that cannot be checked; expected one that can."
    assert printed.getvalue() == ""
