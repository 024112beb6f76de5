from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import ray

from cluster.apart import run_apart, stream_apart
from iirl_core.errors import InputError
from iirl_core.patience import Patience

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


def turning_round(folder: Path) -> Iterator[int]:
    """Its process ends when three items were taken; the next time it yields in another order, as Ray Data may."""
    again = (folder / "taken").exists()
    for number in reversed(range(6)) if again else range(6):
        if number == 3 and not again:
            while not (folder / "taken").exists():
                time.sleep(0.01)
            os._exit(1)
        yield number


def test_nothing_of_a_pipeline_is_missing_where_its_process_is_lost(ray_session: None, tmp_path: Path) -> None:
    came = []
    for number in stream_apart(partial(turning_round, tmp_path)):
        came.append(number)
        if len(came) == 3:
            (tmp_path / "taken").touch()
    assert came == [0, 1, 2, 5, 4, 3, 2, 1, 0]


def stopping(begun: Path) -> Iterator[int]:
    """Its process always ends after one item."""
    with begun.open("a") as lines:
        lines.write("begun\n")
    yield 0
    time.sleep(0.2)
    os._exit(1)


def test_a_pipeline_that_never_comes_farther_is_given_up(ray_session: None, tmp_path: Path) -> None:
    with pytest.raises(ray.exceptions.RayError):
        list(stream_apart(partial(stopping, tmp_path / "begun"), Patience(losses=2, pause=0.01)))
    assert (tmp_path / "begun").read_text() == 3 * "begun\n"


def finding_lost(begun: Path) -> Iterator[int]:
    """It fails because what it asked for is lost."""
    with begun.open("a") as lines:
        lines.write("begun\n")
    yield 0
    raise ray.exceptions.ObjectLostError("ab" * 28, None, "")


def test_what_a_pipeline_itself_finds_lost_is_its_failure_and_not_its_loss(ray_session: None, tmp_path: Path) -> None:
    with pytest.raises(ray.exceptions.RayTaskError):
        list(stream_apart(partial(finding_lost, tmp_path / "begun"), Patience(losses=2, pause=0.01)))
    assert (tmp_path / "begun").read_text() == "begun\n"
