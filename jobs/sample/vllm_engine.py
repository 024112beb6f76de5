"""Answers by vLLM, through ``ray.data.llm``: on GPUs, or by its build for CPUs, where weights are float32 as they are
for ``transformers`` (on GPUs vLLM chooses). What was run: its build for CPUs; not yet any GPU.

Token ids go in and come out, so that prompts and answers are made by the same rules as elsewhere; each answer has a
seed of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pyarrow as pa

from cluster.groups import ending_groups, in_a_group
from cluster.resources import ActorPlan
from cluster.store import open_store
from cluster.streaming import RESTARTS
from iirl_core.policy.source import folder_of_policy
from jobs.sample.asking import Row, Wanted, answered, asked_of
from jobs.sample.chunks import Chunks
from jobs.sample.task import ANSWERS, SampleTask
from jobs.sample.vllm_place import bundles_of, engine_keys

if TYPE_CHECKING:
    from ray.data.llm import Processor

    from iirl_core.policy.sampling import Reader

SEEDS = 2**31
"""vLLM's seeds are integers below."""
BATCHES = 8
"""That an engine has under way, as docs/config.md says, and ray.data.llm by default. With one it would wait for the
longest answer of each."""
GROUPS = "sample-vllm"
"""The name of the groups of GPUs that engines have."""


class Asking:
    """The steps around the engine; each process that runs one opens the tokenizer once."""

    def __init__(self, task: SampleTask, folder: Path) -> None:
        self.task, self.folder = task, folder

    @cached_property
    def reader(self) -> Reader:
        """How prompts are put and answers read."""
        from iirl_core.policy.sampling import Reader  # transformers takes seconds to import

        return Reader(self.folder, self.task.section.chat_template, self.task.section.called)

    def asked(self, row: Mapping[str, int]) -> list[dict[str, object]]:
        """A chunk → what the engine is asked. ``prompt`` is a column of its own, so the prompt's place is ``place``."""
        wanted, _ = asked_of(self._chunks(), row["chunk"], self.task, self.reader)
        return [
            {
                "chunk": one.chunk,
                "place": one.prompt,
                "number": one.number,
                "ids": list(one.prompted.ids),
                "seed": _seed(one),
            }
            for one in wanted
        ]

    def refused(self, row: Mapping[str, int]) -> list[Row]:
        """A chunk → the rows of prompts that cannot be asked."""
        return asked_of(self._chunks(), row["chunk"], self.task, self.reader)[1]

    def prompt(self, row: Mapping[str, object]) -> dict[str, object]:
        """The engine's own columns."""
        section = self.task.section
        sampling = {
            "temperature": section.temperature,
            "top_p": section.top_p,
            "max_tokens": section.max_new_tokens,
            "stop_token_ids": list(self.reader.ends),
            "seed": row["seed"],
            "detokenize": False,
        }
        return {"tokenized_prompt": row["ids"], "sampling_params": sampling}

    def answer(self, row: Mapping[str, object]) -> Row:
        """What the engine wrote → a row of ``ANSWERS``."""
        from iirl_core.policy.sampling import Answer

        ids = [int(token) for token in cast(Sequence[int], row["generated_tokens"])]
        said = self.reader.answer(ids)
        whole = Answer(said.text, said.cut and len(ids) >= self.task.section.max_new_tokens)
        chunk, place, number = (int(cast(int, row[name])) for name in ("chunk", "place", "number"))
        return answered(chunk, place, number, whole)

    def _chunks(self) -> Chunks:
        return Chunks(open_store(self.task.store), self.task.folder)


def by_vllm(task: SampleTask, plan: ActorPlan, chunks: Sequence[int]) -> Iterator[pa.Table]:
    """Rows of ``ANSWERS``, in no order. Needs Ray; the policy's folder must be on every node."""
    import ray.data

    asking = Asking(task, folder_of_policy(open_store(task.store), task.policy))
    processor = processor_of(asking, plan)
    numbers = ray.data.from_items([{"chunk": chunk} for chunk in chunks], override_num_blocks=len(chunks))
    with ending_groups(GROUPS):
        for rows in (processor(numbers.flat_map(asking.asked)), numbers.flat_map(asking.refused)):
            for table in rows.iter_batches(batch_size=None, batch_format="pyarrow"):
                yield table.select(ANSWERS.names)


def processor_of(asking: Asking, plan: ActorPlan) -> Processor:
    """What the engine and the steps around it make of a dataset of questions. An engine that dies, or whose own process
    does (the actor then ends itself), is started again ``RESTARTS`` times. One that is split among GPUs lives in a
    group of ours, which ``ending_groups`` finds again: nothing removes those that ray.data.llm would make.
    """
    from ray.data.llm import build_processor, vLLMEngineProcessorConfig

    split = plan.gpus > 1
    engine = vLLMEngineProcessorConfig(
        model_source=str(asking.folder),
        # One that Ray Data gives up on the way, and later misses, would leave its group's GPUs taken.
        concurrency=(plan.count, plan.count) if split else plan.count,
        batch_size=asking.task.section.batch,
        max_concurrent_batches=BATCHES,
        chat_template_stage=False,
        tokenize_stage=False,
        detokenize_stage=False,
        **engine_keys(plan),
    )
    processor: Processor = build_processor(engine, preprocess=asking.prompt, postprocess=asking.answer)
    for stage in processor.stages.values():
        stage.map_batches_kwargs["max_restarts"] = RESTARTS
        if split:
            stage.map_batches_kwargs["ray_remote_args_fn"] = partial(in_a_group, GROUPS, bundles_of(plan))
    return processor


def _seed(wanted: Wanted) -> int:
    return int.from_bytes(wanted.prompted.key[:8], "little") % SEEDS
