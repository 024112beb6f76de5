"""Samples twice by an engine that is split between two GPUs, on a Ray that has them by declaration alone.

A process of its own, because a process is part of one Ray: ``python -m tests.jobs.sample.splitting FOLDER``.
The process that drives it first is lost on the way; each time it says how many answers came.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray.llm._internal.batch.stages.base import StatefulStageUDF
from ray.util import get_current_placement_group

from cluster.apart import stream_apart
from cluster.resources import plan_samplers
from cluster.session import Session
from cluster.store import open_store
from cluster.streaming import streaming
from iirl_core.patience import Patience
from jobs.sample import vllm_engine
from jobs.sample.task import SampleTask
from tests.jobs.sample.sampled import asking_in

CPUS = 2
"""The fewest that hold an engine and feed it."""


class WritingEngine(StatefulStageUDF):  # type: ignore[misc]
    """In the engine's place: it answers by the prompt, once its workers could have had their GPUs."""

    def __init__(self, *arguments: object, data_column: str, expected_input_keys: list[str], **named: object) -> None:
        super().__init__(data_column, expected_input_keys)
        assert [bundle["GPU"] for bundle in get_current_placement_group().bundle_specs] == [1, 1]

    async def udf(self, rows: list[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
        """One for each row."""
        for row in rows:
            yield {self.IDX_IN_BATCH_COLUMN: row[self.IDX_IN_BATCH_COLUMN], "generated_tokens": row["tokenized_prompt"]}


def answers(task: SampleTask, lost: Path) -> Iterator[int]:
    """How many each table has; the process ends at the first one unless there is a file ``lost``."""
    processor_of = vllm_engine.processor_of

    def writing(*arguments: Any) -> object:
        made = processor_of(*arguments)
        (stage,) = made.stages.values()
        stage.__dict__["fn"] = WritingEngine
        return made

    vllm_engine.processor_of = writing  # type: ignore[assignment]
    plan = plan_samplers(Session(open_store(task.store)).cluster(), task.section)
    with streaming():
        for table in vllm_engine.by_vllm(task, plan, [0]):
            if not lost.exists():
                lost.touch()
                os._exit(1)
            yield len(table)


def main(folder: Path) -> None:
    task = asking_in(folder, gpus_per_sampler=2).task
    ray.init(address="local", num_cpus=CPUS, num_gpus=2, include_dashboard=False, log_to_driver=False)
    pipeline = partial(answers, task, folder / "lost")
    for _ in range(2):
        print("answers", sum(stream_apart(pipeline, Patience(losses=1, pause=0.01))), flush=True)
    ray.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
