"""Corpora → rows, on Ray Data: read shards, encode over a pool of actors that hold the encoder (or only tokenise, in
tasks), sort, write.

    read_parquet(shards) ─ union over corpora ─ encode (actors) or tokenise ─ sort by row ─ write_parquet
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray

from cluster.apart import run_apart
from cluster.failure import failure_of
from cluster.resources import ActorPlan
from cluster.streaming import RESTARTS, saying_deaths
from iirl_core.config.expertness import Beta
from iirl_core.demonstration import SPLITS, Conversation, Split, conversation_of
from iirl_core.encoder import place
from iirl_core.encoder.protocol import Encoder
from iirl_core.errors import IirlError, InputError
from iirl_core.expertness import strengths
from iirl_core.store.protocol import Store
from jobs.train import features, tokens
from jobs.train.dealing import Choice, Parts, Role, Task, tasks_of
from jobs.train.rows import LENGTH, MARGIN, ROWS_PER_FILE, STRENGTH

if TYPE_CHECKING:
    import pyarrow.fs
    import ray
    from ray import ObjectRef

    from iirl_core.encoder.rendering import Rendering

    Held = tuple[ObjectRef[Encoder], ObjectRef[tuple[Conversation, ...]]]
    HeldRendering = tuple[ObjectRef[Rendering], ObjectRef[tuple[Conversation, ...]]]

BATCH = 256
"""Records that an actor encodes at a time."""


@dataclass(frozen=True)
class Source:
    """One corpus of a run: its shards' paths in the store's file system, about how many rows they encode to, and the
    splits of it that are read.
    """

    role: Role
    paths: tuple[str, ...]
    rows: int
    splits: tuple[Split, ...] = SPLITS


class EncodeActor:
    """Holds the encoder on one actor."""

    encoder: Encoder
    pool: Sequence[Conversation]

    def __init__(self, held: Held, parts: Parts, choice: Choice, threads: int, device: str) -> None:
        import ray

        torch.set_num_threads(threads)
        self.encoder, self.pool = ray.get(list(held))
        place(self.encoder, device)
        self.parts, self.choice = parts, choice

    def __call__(self, table: pa.Table) -> pa.Table:
        """Records with a column ``role`` → features."""
        columns = features.schema(self.encoder.width, **self.parts.columns)
        tasks = tasks_of(table, self.parts, self.pool, self.choice)
        if not tasks:
            return columns.empty_table()
        encoded = self.encoder.encode([task.input for task in tasks])
        z = pa.FixedSizeListArray.from_arrays(pa.array(encoded.z.numpy().reshape(-1)), self.encoder.width)
        answers = answer_lengths(tasks, rendering_of(self.encoder)) if self.parts.lengths else None
        return table_of(tasks, encoded.lengths, z, columns, answers=answers, beta=self.parts.beta)


def tokenise(table: pa.Table, held: HeldRendering, parts: Parts) -> pa.Table:
    """Records with a column ``role`` → tokens of the rows to train on."""
    rendering, pool = _received(held)
    tasks = tasks_of(table, parts, pool, Choice(("train", "held_out")))
    ids = pa.array([rendering.tokens(conversation_of(task.input)).ids for task in tasks], pa.list_(pa.int32()))
    answers = answer_lengths(tasks, rendering) if parts.lengths else None
    columns = tokens.schema(**parts.columns)
    return table_of(tasks, (1,) * len(tasks), ids, columns, answers=answers, beta=parts.beta)


def answer_lengths(tasks: Sequence[Task], rendering: Rendering) -> NDArray[np.float64]:
    """``[len(tasks)]``: the logarithm of one more than the tokens of each answer."""
    return np.log1p([float(rendering.answer_tokens(conversation_of(task.input))) for task in tasks])


def rendering_of(encoder: Encoder) -> Rendering:
    """How a text encoder writes conversations.

    Raises:
        InputError: it is none.
    """
    from iirl_core.encoder.text import TextEncoder  # transformers takes seconds to import: only for text

    if not isinstance(encoder, TextEncoder):
        raise InputError("the length of an answer, asked of an encoder of trajectories", "a text encoder")
    return encoder.rendering


@lru_cache(maxsize=1)
def _received(held: HeldRendering) -> tuple[Rendering, Sequence[Conversation]]:
    """Once per process."""
    import ray

    rendering, pool = ray.get(list(held))
    return rendering, pool


def table_of(
    tasks: Sequence[Task],
    lengths: Sequence[int],
    made: pa.Array,
    columns: pa.Schema,
    *,
    answers: NDArray[np.float64] | None = None,
    beta: Beta | None = None,
) -> pa.Table:
    """The rows of ``tasks``, ``lengths`` of them each; ``made`` is the column that is named neither here nor there;
    ``answers`` are how long they are, ``beta`` is with how much they are learnt.
    """
    counts = np.asarray(lengths, np.int64)
    numbers = [task.rows(n) for task, n in zip(tasks, lengths, strict=True)]
    known = {
        "row": pa.array(np.concatenate(numbers) if numbers else np.zeros(0, np.int64)),
        "part": pa.array(np.repeat(np.array([task.part for task in tasks], object), counts), pa.string()),
        "expert": pa.array(np.repeat([task.expert for task in tasks], counts), pa.float32()),
        "weight": pa.array(np.repeat([task.one.weight for task in tasks], counts), pa.float32()),
        MARGIN: pa.array(np.repeat([task.one.preference_margin or 0.0 for task in tasks], counts), pa.float32()),
    }
    if answers is not None:
        known[LENGTH] = pa.array(np.repeat(answers, counts), pa.float32())
    if beta is not None:
        found = [strengths(beta, task.one.source, n) for task, n in zip(tasks, lengths, strict=True)]
        known[STRENGTH] = pa.array(np.concatenate(found) if found else np.zeros(0), pa.float32())
    return pa.Table.from_pydict({name: known.get(name, made) for name in columns.names}, schema=columns)


def encode_sources(
    store: Store,
    folder: str,
    sources: Sequence[Source],
    encoder: Encoder,
    *,
    parts: Parts,
    pool: Sequence[Conversation],
    plan: ActorPlan,
    choice: Choice = Choice(),  # noqa: B008 - frozen
) -> None:
    """Write features; what lies under ``folder`` of the store is replaced. Needs Ray.

    Raises:
        IirlError: what an actor raised, if it is one of ours.
        ClusterError: the pipeline failed otherwise.
    """
    import ray

    stage = EncodeStage((ray.put(encoder), ray.put(tuple(pool))), parts, choice, plan)
    write_rows(store, folder, sources, stage, "encoding")


def tokenise_sources(
    store: Store,
    folder: str,
    sources: Sequence[Source],
    rendering: Rendering,
    *,
    parts: Parts,
    pool: Sequence[Conversation],
) -> None:
    """Write the tokens of ``train``; otherwise as ``encode_sources``."""
    import ray

    stage = TokeniseStage((ray.put(rendering), ray.put(tuple(pool))), parts)
    write_rows(store, folder, sources, stage, "tokenising")


@dataclass(frozen=True)
class EncodeStage:
    """Over actors that hold the encoder."""

    held: Held
    parts: Parts
    choice: Choice
    plan: ActorPlan

    def of(self, records: ray.data.Dataset) -> ray.data.Dataset:
        """Records → features."""
        import ray.data

        plan = self.plan
        return records.map_batches(
            EncodeActor,
            fn_constructor_args=(self.held, self.parts, self.choice, plan.threads, "cuda" if plan.gpus else "cpu"),
            batch_format="pyarrow",
            batch_size=BATCH,
            compute=ray.data.ActorPoolStrategy(size=plan.count),
            num_cpus=plan.cpus,
            num_gpus=plan.gpus,
            max_restarts=RESTARTS,
        )


@dataclass(frozen=True)
class TokeniseStage:
    """In tasks: a tokenizer is light."""

    held: HeldRendering
    parts: Parts

    def of(self, records: ray.data.Dataset) -> ray.data.Dataset:
        """Records → tokens."""
        return records.map_batches(
            tokenise, fn_args=(self.held, self.parts), batch_format="pyarrow", batch_size=BATCH, zero_copy_batch=True
        )


class Stage(Protocol):
    """What makes rows of records."""

    def of(self, records: ray.data.Dataset) -> ray.data.Dataset:
        """Records with a column ``role`` → rows."""
        ...


def write_rows(store: Store, folder: str, sources: Sequence[Source], stage: Stage, doing: str) -> None:
    """Write the rows that ``stage`` makes; what lies under ``folder`` of the store is replaced. Needs Ray.

    Raises:
        IirlError: what a worker raised, if it is one of ours.
        ClusterError: the pipeline failed otherwise.
    """
    import ray

    filesystem, root = store.filesystem()
    try:
        run_apart(_run_pipeline, tuple(sources), stage, filesystem=filesystem, path=f"{root}/{folder}")
    except (ray.exceptions.RayError, IirlError) as error:
        raise failure_of(error, doing) from error


def _run_pipeline(
    sources: Sequence[Source],
    stage: Stage,
    *,
    filesystem: pyarrow.fs.FileSystem,
    path: str,
) -> None:
    """Drives Ray Data."""
    import ray.data

    context = ray.data.DataContext.get_current()
    context.raise_original_map_exception = True
    # Each of the newer readers and shuffles starts some Pythons of its own, which a small corpus pays for in seconds.
    context.use_datasource_v2 = False
    context.shuffle_strategy = ray.data.context.ShuffleStrategy.SORT_SHUFFLE_PULL_BASED
    first, *others = [_read(source, filesystem) for source in sources]
    records = first.union(*others) if others else first
    rows = stage.of(records).sort("row", boundaries=boundaries_of(sum(source.rows for source in sources)))
    with saying_deaths():
        rows.write_parquet(path, filesystem=filesystem, partition_cols=["part"], mode="overwrite")


def boundaries_of(rows: int) -> list[int]:
    """Where files of about ``ROWS_PER_FILE`` rows begin. Row numbers are uniform in [0, 2⁶³), so no sampling is needed,
    and the same rows always share a file.
    """
    files = max(2, math.ceil(rows / ROWS_PER_FILE))
    return [index * (2**63 // files) for index in range(1, files)]


def _read(source: Source, filesystem: pyarrow.fs.FileSystem) -> ray.data.Dataset:
    import ray.data

    shards = ray.data.read_parquet(list(source.paths), filesystem=filesystem)
    add = _with_role(source.role, source.splits)
    return shards.map_batches(add, batch_format="pyarrow", batch_size=None, zero_copy_batch=True)


def _with_role(role: Role, splits: Sequence[Split]) -> Callable[[pa.Table], pa.Table]:
    def add(table: pa.Table) -> pa.Table:
        if len(splits) < len(SPLITS):
            table = table.filter(pc.is_in(table["split"], pa.array(splits, pa.string())))
        return table.append_column("role", pa.array([role] * len(table), pa.string()))

    return add
