"""The pipeline that makes rows of corpora, on Ray Data: read shards, make, sort, write.

read_parquet(shards) ─ union over corpora ─ a stage (encode, tokenise, …) ─ sort by row ─ write_parquet
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from cluster.apart import run_apart
from cluster.failure import failure_of
from cluster.streaming import saying_deaths
from iirl_core.demonstration import SPLITS, Split
from iirl_core.errors import IirlError
from iirl_core.store.protocol import Store
from jobs.train.bounds import ROWS_PER_FILE
from jobs.train.dealing import Role

if TYPE_CHECKING:
    import pyarrow.fs
    import ray


@dataclass(frozen=True)
class Source:
    """One corpus of a run: its shards' paths in the store's file system, about how many rows they encode to, and the
    splits of it that are read.
    """

    role: Role
    paths: tuple[str, ...]
    rows: int
    splits: tuple[Split, ...] = SPLITS


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
