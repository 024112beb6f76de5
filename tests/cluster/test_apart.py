from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from cluster.apart import run_apart, stream_apart
from iirl_core.errors import InputError

pytestmark = pytest.mark.ray


class Holder:
    def process(self) -> int:
        return os.getpid()


def hold(*, fails: bool) -> int:
    """Starts an actor that takes both CPUs of the test session, and lets somebody else keep its handle."""
    import builtins

    import ray

    builtins.kept = ray.remote(num_cpus=2)(Holder).remote()  # type: ignore[attr-defined]
    process: int = ray.get(builtins.kept.process.remote())  # type: ignore[attr-defined]
    if fails:
        raise InputError("a pipeline that fails", "one that does not")
    return process


def holds() -> Iterator[int]:
    yield hold(fails=False)
    yield 0


def test_what_a_pipeline_started_ends_with_it_and_the_next_one_finds_its_cpus_free(ray_session: None) -> None:
    first = run_apart(hold, fails=False)
    second, last = stream_apart(holds)
    with pytest.raises(InputError, match="a pipeline that fails"):
        run_apart(hold, fails=True)
    third = run_apart(hold, fails=False)
    assert len({first, second, third}) == 3
    assert last == 0
