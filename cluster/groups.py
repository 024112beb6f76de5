"""Placement groups that actors of a pipeline live in, and that end with the pipeline.

Ray keeps a group until the job ends that it was made in, also where the process that made it is over or was lost (of
Ray 2.60 seen of tasks and of actors). The next pipeline would wait for what it holds for ever. Nobody else has a handle
to the groups of a process that was lost, so they are found by their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import uuid4


@contextmanager
def ending_groups(name: str) -> Iterator[None]:
    """Inside the ``with`` groups may be made under ``name`` (``in_a_group``). None of them outlives it; what a process
    that was lost inside it had made is gone when the next one is entered. One at a time in a job may use a name. Needs
    Ray.
    """
    _remove_all(name)
    try:
        yield
    finally:
        _remove_all(name)


def in_a_group(name: str, bundles: Sequence[Mapping[str, float]]) -> dict[str, object]:
    """What an actor's ``options`` take so that it, and what it starts, lives in a new group under ``name``: the
    resources of each of the ``bundles``, all on one node, as plans count them. Needs Ray.
    """
    from ray.util import placement_group
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    group = placement_group([dict(one) for one in bundles], strategy="STRICT_PACK", name=f"{_stem(name)}{uuid4().hex}")
    return {"scheduling_strategy": PlacementGroupSchedulingStrategy(group, placement_group_capture_child_tasks=True)}


def _remove_all(name: str) -> None:
    from ray.util import get_placement_group, placement_group_table, remove_placement_group

    for group in placement_group_table().values():
        if group["name"].startswith(_stem(name)) and group["state"] != "REMOVED":
            remove_placement_group(get_placement_group(group["name"]))


def _stem(name: str) -> str:
    """How the names of this job's groups begin: the table also tells those of other jobs."""
    import ray

    return f"{name}-{ray.get_runtime_context().get_job_id()}-"
