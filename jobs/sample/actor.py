"""Answers by transformers, on an actor pool of Ray Data's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from cluster.resources import ActorPlan
from cluster.store import open_store
from cluster.streaming import RESTARTS
from iirl_core.policy.source import folder_of_policy
from jobs.sample.asking import answered, asked_of
from jobs.sample.chunks import Chunks
from jobs.sample.task import ANSWERS, SampleTask


class SampleActor:
    """Holds the policy on one actor; a call answers all prompts of a chunk."""

    def __init__(self, task: SampleTask, threads: int, device: str) -> None:
        import torch  # here and below: the driver imports this module, and needs none of it

        from iirl_core.policy.noise import Draw
        from iirl_core.policy.sampling import Reader, Sampler

        torch.set_num_threads(threads)
        section, store = task.section, open_store(task.store)
        folder = folder_of_policy(store, task.policy)
        self.task, self.chunks = task, Chunks(store, task.folder)
        self.reader = Reader(folder, section.chat_template, section.called)
        draw = Draw(section.temperature, section.top_p)
        self.sampler = Sampler(
            folder, self.reader, draw, max_new_tokens=section.max_new_tokens, batch=section.batch, device=device
        )

    def __call__(self, table: pa.Table) -> pa.Table:
        """Numbers of chunks → rows of ``ANSWERS``."""
        return pa.concat_tables([self._answers(chunk) for chunk in table["chunk"].to_pylist()])

    def _answers(self, chunk: int) -> pa.Table:
        wanted, refused = asked_of(self.chunks, chunk, self.task, self.reader)
        answers = self.sampler.answers([one.prompted for one in wanted])
        rows = [answered(one.chunk, one.prompt, one.number, said) for one, said in zip(wanted, answers, strict=True)]
        return pa.Table.from_pylist([*rows, *refused], schema=ANSWERS)


def by_transformers(task: SampleTask, plan: ActorPlan, chunks: Sequence[int]) -> Iterator[pa.Table]:
    """Rows of ``ANSWERS``, a chunk a table, in no order. Needs Ray."""
    import ray.data

    numbers = ray.data.from_items([{"chunk": chunk} for chunk in chunks], override_num_blocks=len(chunks))
    answers = numbers.map_batches(
        SampleActor,
        fn_constructor_args=(task, plan.threads, "cuda" if plan.gpus else "cpu"),
        batch_format="pyarrow",
        batch_size=None,
        compute=ray.data.ActorPoolStrategy(size=plan.count),
        num_cpus=plan.cpus,
        num_gpus=plan.gpus,
        max_restarts=RESTARTS,
    )
    yield from answers.iter_batches(batch_size=None, batch_format="pyarrow")
