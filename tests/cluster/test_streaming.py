"""Where a pipeline fails, its error is raised as it is, and only Ray Data's log file tells more."""

from __future__ import annotations

import logging
from contextlib import nullcontext, redirect_stderr
from pathlib import Path
from typing import Any

import pytest
from ray.exceptions import RayError

from cluster.apart import run_apart
from cluster.failure import failure_of
from cluster.streaming import streaming
from iirl_core.errors import InputError
from tests.printed import printed_by_ray_data

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]

WRONG = "a row that cannot be read"


def fail(batch: Any) -> Any:
    raise InputError(WRONG, "one that can")


def failing(*, apart: bool) -> tuple[str, str, str]:
    """What a pipeline raises that fails in a task, what it prints, and what Ray Data logs meanwhile. ``apart``: in a
    worker, where Ray Data's handler asks for the stderr of the moment.
    """
    import ray.data
    from ray.data._internal.logging import get_log_directory

    levels, raised = [one.level for one in logging.getLogger("ray.data").handlers], ""
    file = Path(get_log_directory()) / "ray-data.log"
    before = file.stat().st_size if file.exists() else 0
    with printed_by_ray_data() as printed, redirect_stderr(printed) if apart else nullcontext():
        try:
            with streaming():
                ray.data.range(4, override_num_blocks=2).map_batches(fail).take_all()
        except RayError as error:
            raised = str(failure_of(error, "the pipeline"))
    assert [one.level for one in logging.getLogger("ray.data").handlers] == levels
    return raised, printed.getvalue(), file.read_bytes()[before:].decode()


@pytest.mark.parametrize("apart", [False, True], ids=["in the command's process", "in a worker"])
def test_an_error_is_raised_and_not_printed_whoever_drives_the_pipeline(apart: bool) -> None:
    raised, printed, logged = run_apart(failing, apart=True) if apart else failing(apart=False)
    assert raised == f"{WRONG}; expected one that can."
    assert printed == ""
    assert WRONG in logged
    assert "Traceback" in logged
