"""Ray Data driven from a process of its own, which ends with the pipeline: what it started ends with it.

An actor of a pipeline lives, and keeps its CPUs, for as long as somebody holds a handle to it. A driver that goes on
(the command itself, or a worker that Ray keeps for the next task) may hold some long after the pipeline is over, or
has failed; the next pipeline then waits for those CPUs for ever. What Ray Data has to say goes to that process's log.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from iirl_core.patience import PATIENCE, Patience

P = ParamSpec("P")
T = TypeVar("T")


def run_apart(pipeline: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """What ``pipeline`` returns. Needs Ray.

    Raises:
        RayError: it failed.
        IirlError: it raised one of ours.
    """
    import ray

    returned: T = ray.get(ray.remote(num_cpus=0, max_calls=1)(pipeline).remote(*arguments, **named))
    return returned


def stream_apart(pipeline: Callable[[], Iterator[T]], patience: Patience = PATIENCE) -> Iterator[T]:
    """What ``pipeline`` yields, one after the other. Needs Ray.

    Where its process is lost, it is driven from its start again, and what it had yielded may come again. Ray's own
    retries would leave out as many items as had come, whichever they were, and Ray Data yields in no certain order.

    Raises:
        RayError: it failed, or was lost more often than ``patience`` allows without coming farther.
        IirlError: it raised one of ours.
    """
    import ray
    from ray import exceptions

    lost = (
        exceptions.WorkerCrashedError,
        exceptions.NodeDiedError,
        exceptions.OutOfMemoryError,
        exceptions.ObjectLostError,
    )
    driver = ray.remote(num_cpus=0, max_calls=1, max_retries=0, num_returns="streaming")(_driven)
    losses = most = 0
    while True:
        came = 0
        try:
            for item in driver.remote(pipeline):
                yield ray.get(item)
                came += 1
                if came > most:
                    losses, most = 0, came
            return
        except lost as error:
            losses += 1
            pause = patience.pause_after(losses)
            if pause is None or isinstance(error, exceptions.RayTaskError):  # the pipeline's own failure, not its loss
                raise
            time.sleep(pause)


def _driven(pipeline: Callable[[], Iterator[T]]) -> Iterator[T]:
    yield from pipeline()
