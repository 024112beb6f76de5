"""Corpora → features, on Ray Data: read shards, encode over a pool of actors that hold the encoder, sort, write.

    read_parquet(shards) ─ union over corpora ─ encode (actors) ─ sort by row ─ write_parquet

Which rows play which part is decided by ``part_of``, record by record.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from cluster.failure import failure_of
from cluster.resources import ActorPlan
from iirl_core.corpus import demonstrations_of
from iirl_core.corruption import corrupted
from iirl_core.demonstration import Conversation, Demonstration, Input, Split
from iirl_core.encoder import place
from iirl_core.encoder.protocol import Encoder
from iirl_core.errors import IirlError
from iirl_core.store.protocol import Store
from jobs.train.features import MARGIN, ROWS_PER_FILE, Part, pair_number, row_numbers, schema

if TYPE_CHECKING:
    import pyarrow.fs
    import ray
    from ray import ObjectRef

    Held = tuple[ObjectRef[Encoder], ObjectRef[tuple[Conversation, ...]]]

BATCH = 256
"""Records that an actor encodes at a time."""

Role = Literal["demonstrations", "negatives"]


@dataclass(frozen=True)
class Source:
    """One corpus of a run: its shards' paths in the store's file system, and about how many rows they encode to."""

    role: Role
    paths: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class Parts:
    """How records are dealt out. ``learns_negatives``: the loss wants them. ``held_out_negatives``: there are negatives
    outside the train split. ``corrupted``: the shares of demonstrations that also make a corrupted negative, by kind.
    ``pairs``: the loss compares, so the rows of ``train`` are sides of comparisons and lie beside each other.
    """

    learns_negatives: bool
    held_out_negatives: bool
    corrupted: Mapping[str, float] = field(default_factory=dict)
    pairs: bool = False


@dataclass(frozen=True)
class Task:
    """One input to encode, and what its rows will be."""

    part: Part
    expert: float
    one: Demonstration
    digest: bytes
    input: Input
    paired: bool = False

    def rows(self, steps: int) -> NDArray[np.int64]:
        """``[steps]``: the numbers of its rows."""
        return pair_number(self.digest, self.expert) if self.paired else row_numbers(self.digest, steps)


def part_of(role: Role, split: Split, parts: Parts) -> tuple[Part, ...]:
    """Which parts a record plays.

    * unseen records play none: they are for evaluation;
    * demonstrations of train and guard play their own split;
    * negatives of train are learnt from where the loss wants negatives, and are contrast where it does not (it never
      sees them) or where no others are left to be it;
    * negatives of guard are contrast.
    """
    if split == "unseen":
        return ()
    if role == "demonstrations":
        return (split,)
    if split == "guard":
        return ("contrast",)
    if not parts.learns_negatives:
        return ("contrast",)
    return ("train",) if parts.held_out_negatives else ("train", "contrast")


class EncodeActor:
    """Holds the encoder on one actor."""

    encoder: Encoder
    pool: Sequence[Conversation]

    def __init__(self, held: Held, parts: Parts, threads: int, device: str) -> None:
        import ray

        torch.set_num_threads(threads)
        self.encoder, self.pool = ray.get(list(held))
        place(self.encoder, device)
        self.parts = parts

    def __call__(self, table: pa.Table) -> pa.Table:
        """Records with a column ``role`` → features."""
        roles = table["role"].to_pylist()
        tasks: list[Task] = []
        for role, one in zip(roles, demonstrations_of(table.drop_columns(["role"])), strict=True):
            tasks += self._tasks(role, one)
        columns = schema(self.encoder.width, pairs=self.parts.pairs)
        if not tasks:
            return columns.empty_table()
        encoded = self.encoder.encode([task.input for task in tasks])
        lengths = np.asarray(encoded.lengths)
        found = {
            "row": pa.array(np.concatenate([task.rows(n) for task, n in zip(tasks, lengths, strict=True)])),
            "part": pa.array(np.repeat([task.part for task in tasks], lengths)),
            "expert": pa.array(np.repeat([task.expert for task in tasks], lengths), pa.float32()),
            "weight": pa.array(np.repeat([task.one.weight for task in tasks], lengths), pa.float32()),
            "z": pa.FixedSizeListArray.from_arrays(pa.array(encoded.z.numpy().reshape(-1)), self.encoder.width),
        }
        if self.parts.pairs:
            margins = [task.one.preference_margin or 0.0 for task in tasks]
            found[MARGIN] = pa.array(np.repeat(margins, lengths), pa.float32())
        return pa.Table.from_pydict(found, schema=columns)

    def _tasks(self, role: Role, one: Demonstration) -> list[Task]:
        """What a record makes features of."""
        expert = 1.0 if role == "demonstrations" else 0.0
        tasks = []
        for part in part_of(role, one.split, self.parts):
            paired = self.parts.pairs and part == "train" and one.comparison is not None
            digest = _digest(str(one.comparison)) if paired else _digest(f"{one.id}/{role}/{part}")
            tasks.append(Task(part, expert, one, digest, one.input, paired))
        if role == "demonstrations":
            for name, negative in corrupted(one, self.parts.corrupted, self.pool):
                for part in part_of("negatives", one.split, self.parts):
                    tasks.append(Task(part, 0.0, one, _digest(f"{one.id}/{name}/{part}"), negative))
        return tasks


def encode_sources(
    store: Store,
    folder: str,
    sources: Sequence[Source],
    encoder: Encoder,
    *,
    parts: Parts,
    pool: Sequence[Conversation],
    plan: ActorPlan,
) -> None:
    """Run the pipeline; what lies under ``folder`` of the store is replaced. Needs Ray.

    Raises:
        IirlError: what an actor raised, if it is one of ours.
        ClusterError: the pipeline failed otherwise.
    """
    import ray

    filesystem, root = store.filesystem()
    held = (ray.put(encoder), ray.put(tuple(pool)))
    driver = ray.remote(num_cpus=0)(_run_pipeline)
    try:
        ray.get(driver.remote(tuple(sources), held, parts, plan, filesystem=filesystem, path=f"{root}/{folder}"))
    except (ray.exceptions.RayError, IirlError) as error:
        raise failure_of(error, "encoding") from error


def _run_pipeline(
    sources: Sequence[Source],
    held: Held,
    parts: Parts,
    plan: ActorPlan,
    *,
    filesystem: pyarrow.fs.FileSystem,
    path: str,
) -> None:
    """Drives Ray Data, from a task: what Ray Data has to say goes to that task's log instead of the terminal."""
    import ray.data

    context = ray.data.DataContext.get_current()
    context.raise_original_map_exception = True
    # Each of the newer readers and shuffles starts some Pythons of its own, which a small corpus pays for in seconds.
    context.use_datasource_v2 = False
    context.shuffle_strategy = ray.data.context.ShuffleStrategy.SORT_SHUFFLE_PULL_BASED
    first, *others = [_read(source, filesystem) for source in sources]
    records = first.union(*others) if others else first
    features = records.map_batches(
        EncodeActor,
        fn_constructor_args=(held, parts, plan.threads, "cuda" if plan.gpus else "cpu"),
        batch_format="pyarrow",
        batch_size=BATCH,
        compute=ray.data.ActorPoolStrategy(size=plan.count),
        num_cpus=plan.cpus,
        num_gpus=plan.gpus,
    )
    features.sort("row", boundaries=boundaries_of(sum(source.rows for source in sources))).write_parquet(
        path, filesystem=filesystem, partition_cols=["part"], mode="overwrite"
    )


def boundaries_of(rows: int) -> list[int]:
    """Where files of about ``ROWS_PER_FILE`` rows begin. Row numbers are uniform in [0, 2⁶³), so no sampling is needed,
    and the same rows always share a file.
    """
    files = max(2, math.ceil(rows / ROWS_PER_FILE))
    return [index * (2**63 // files) for index in range(1, files)]


def _read(source: Source, filesystem: pyarrow.fs.FileSystem) -> ray.data.Dataset:
    import ray.data

    shards = ray.data.read_parquet(list(source.paths), filesystem=filesystem)
    return shards.map_batches(_with_role(source.role), batch_format="pyarrow", batch_size=None, zero_copy_batch=True)


def _with_role(role: Role) -> Callable[[pa.Table], pa.Table]:
    def add(table: pa.Table) -> pa.Table:
        return table.append_column("role", pa.array([role] * len(table), pa.string()))

    return add


def _digest(identity: str) -> bytes:
    return hashlib.blake2b(identity.encode(), digest_size=8).digest()
