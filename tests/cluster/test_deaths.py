"""An actor that dies at every start is given up, and one line says so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ray.exceptions import RayError

from cluster import streaming as rules
from cluster.apart import stream_apart
from cluster.failure import failure_of

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]


class Dying:
    """Its process ends while it starts, or at its first call, or it raises something."""

    def __init__(self, begun: Path, how: str) -> None:
        with begun.open("a") as lines:
            lines.write("begun\n")
        if how == "start":
            os._exit(1)
        if how == "raise":
            raise ValueError("no such device")

    def __call__(self, batch: Any) -> Any:
        os._exit(1)


def pipeline(begun: Path, how: str) -> Iterator[object]:
    """May start each actor again once."""
    import ray.data

    rules.RESTARTS = 1
    with rules.streaming():
        rows = ray.data.range(4, override_num_blocks=2).map_batches(
            Dying,
            fn_constructor_args=(begun, how),
            compute=ray.data.ActorPoolStrategy(size=1),
            num_cpus=0.5,
            max_restarts=rules.RESTARTS,
        )
        yield from rows.iter_batches()


@pytest.mark.parametrize(
    ("how", "starts", "said"),
    [("start", 2, "died 2 times"), ("call", 2, "died 2 times"), ("raise", 1, "no such device")],
)
def test_who_dies_again_and_again_is_given_up_and_who_raises_something_at_once(
    how: str, starts: int, said: str, tmp_path: Path
) -> None:
    with pytest.raises(RayError) as caught:
        list(stream_apart(partial(pipeline, tmp_path / "begun", how)))
    assert said in str(failure_of(caught.value, "sampling"))
    assert (tmp_path / "begun").read_text() == starts * "begun\n"
