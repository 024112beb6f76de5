"""What a pipeline's group holds is free for the next one, however the first one ended."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import ray
from ray.util import get_placement_group, placement_group, placement_group_table, remove_placement_group

from cluster.apart import stream_apart
from cluster.groups import ending_groups, in_a_group
from iirl_core.errors import InputError
from iirl_core.patience import Patience

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]

NAME = "of-a-test"
SECONDS = 20


def holding(folder: Path, end: str) -> Iterator[bool]:
    """Whether a group of both CPUs of the test session could be had; ``end`` says how its process ends the first time,
    the next one only stops.
    """
    with ending_groups(NAME):
        strategy = in_a_group(NAME, [{"CPU": 1}, {"CPU": 1}])["scheduling_strategy"]
        yield bool(strategy.placement_group.wait(SECONDS))  # type: ignore[attr-defined]
        begun = folder / end
        if begun.exists():
            return
        begun.touch()
        if end == "lost":
            while not (folder / "heard").exists():  # what it said would be lost with it
                time.sleep(0.01)
            os._exit(1)
        if end == "raised":
            raise InputError("a pipeline that fails", "one that does not")


def groups() -> list[str]:
    """The names of those that Ray has."""
    return [one["name"] for one in placement_group_table().values() if one["state"] != "REMOVED"]


@pytest.mark.parametrize("end", ["done", "raised"])
def test_the_next_pipeline_has_the_group_that_one_had_which_is_over(tmp_path: Path, end: str) -> None:
    pipeline = partial(holding, tmp_path, end)
    first = stream_apart(pipeline)
    assert next(first)
    if end == "raised":
        with pytest.raises(InputError, match="a pipeline that fails"):
            list(first)
    else:
        assert not list(first)
    assert not groups()
    assert list(stream_apart(pipeline)) == [True]


def test_a_pipeline_that_is_driven_again_has_the_group_that_its_lost_process_had(tmp_path: Path) -> None:
    heard = []
    for had in stream_apart(partial(holding, tmp_path, "lost"), Patience(losses=1, pause=0.01)):
        heard.append(had)
        (tmp_path / "heard").touch()
    assert heard == [True, True]
    assert not groups()


def test_groups_of_others_stay(tmp_path: Path) -> None:
    placement_group([{"CPU": 0.5}], name=f"{NAME}-of-another")
    with ending_groups(NAME):
        pass
    assert groups() == [f"{NAME}-of-another"]
    remove_placement_group(get_placement_group(f"{NAME}-of-another"))


def test_a_group_lies_on_one_node_as_it_was_planned() -> None:
    with ending_groups(NAME):
        in_a_group(NAME, [{"CPU": 0.5}, {"CPU": 0.5}])
        (made,) = (one for one in placement_group_table().values() if one["state"] != "REMOVED")
        assert made["strategy"] == "STRICT_PACK"
        assert ray.get_runtime_context().get_job_id() in made["name"]
