"""Ray Data driven from a process of its own, which ends with the pipeline: what it started ends with it.

An actor of a pipeline lives, and keeps its CPUs, for as long as somebody holds a handle to it. A driver that goes on
(the command itself, or a worker that Ray keeps for the next task) may hold some long after the pipeline is over, or
has failed; the next pipeline then waits for those CPUs for ever. What Ray Data has to say goes to that process's log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

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


def stream_apart(pipeline: Callable[P, Iterator[T]], *arguments: P.args, **named: P.kwargs) -> Iterator[T]:
    """What ``pipeline`` yields, one after the other. Needs Ray.

    Raises:
        RayError: it failed.
        IirlError: it raised one of ours.
    """
    import ray

    driver = ray.remote(num_cpus=0, max_calls=1, num_returns="streaming")(pipeline)
    for item in driver.remote(*arguments, **named):
        yield ray.get(item)
