"""Parquet: a record per row, or (observations that are one list of numbers) a step per row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from iirl_core.errors import one_line
from iirl_core.records.episodes import ARRAYS, cut_episodes
from iirl_core.records.opening import UNREADABLE, open_random
from iirl_core.records.raw import Quarantined, RawRecord, RecordFile

BATCH_ROWS = 512
_MATRICES = ("observations", "actions")


def read_parquet(file: RecordFile, piece: int | None = None) -> Iterator[RawRecord | Quarantined]:
    """The rows of one row group (``piece``; None: of all), in batches."""
    line = 0
    try:
        with _opened(file) as parquet:
            if _is_steps(parquet.schema_arrow):
                yield from _steps(file, parquet)
                return
            if piece is not None:
                line = sum(parquet.metadata.row_group(group).num_rows for group in range(piece))
            groups = None if piece is None else [piece]
            for batch in parquet.iter_batches(BATCH_ROWS, row_groups=groups):
                for document in _documents(batch):
                    line += 1
                    yield RawRecord(file.name, line, document)
    except UNREADABLE as error:
        yield Quarantined(file.name, line and line + 1, f"not readable as Parquet from here ({one_line(error)})")


def count_pieces(file: RecordFile) -> int:
    """How many pieces of the file can be read apart from each other; an unreadable file is one piece."""
    try:
        with _opened(file) as parquet:
            return 1 if _is_steps(parquet.schema_arrow) else max(1, parquet.metadata.num_row_groups)
    except UNREADABLE:
        return 1


@contextmanager
def _opened(file: RecordFile) -> Iterator[pq.ParquetFile]:
    with open_random(file) as stream, pq.ParquetFile(stream) as parquet:
        yield parquet


def _documents(batch: pa.RecordBatch) -> Iterator[dict[str, object]]:
    matrices = {name: batch.column(name) for name in _MATRICES if name in batch.schema.names}
    rest = batch.drop_columns(list(matrices)) if matrices else batch
    rows: list[dict[str, object]] = rest.to_pylist() if rest.num_columns else [{} for _ in range(len(batch))]
    for index, row in enumerate(rows):
        for name, column in matrices.items():
            row[name] = _matrix(column[index])
        yield row


def _matrix(scalar: pa.Scalar) -> object:
    """A list of equally long lists of numbers as an array, without a Python object per number; else as Python."""
    rows = getattr(scalar, "values", None)
    if isinstance(rows, pa.ListArray | pa.LargeListArray | pa.FixedSizeListArray) and len(rows) and not rows.null_count:
        lengths = rows.value_lengths().to_numpy(zero_copy_only=False)
        numbers = rows.flatten()
        if (lengths == lengths[0]).all() and _is_number(numbers.type) and not numbers.null_count:
            return numbers.to_numpy(zero_copy_only=False).reshape(len(rows), int(lengths[0]))
    return scalar.as_py()


def _is_steps(schema: pa.Schema) -> bool:
    if "observations" not in schema.names:
        return False
    kind = schema.field("observations").type
    nested = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(nested and _is_number(kind.value_type))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _steps(file: RecordFile, parquet: pq.ParquetFile) -> Iterator[RawRecord | Quarantined]:
    """Episodes of a file with a step per row; an episode is emitted once the next one has begun."""
    columns = [name for name in ARRAYS if name in parquet.schema_arrow.names]
    held: dict[str, NDArray[np.generic]] = {}
    episodes = 0
    for batch in parquet.iter_batches(8192, columns=columns):
        fresh = {name: _column(batch.column(name)) for name in columns}
        held = {name: np.concatenate([held[name], fresh[name]]) for name in columns} if held else fresh
        *whole, (last, _) = cut_episodes(held)
        for start, stop in whole:
            episodes += 1
            yield _episode(file, episodes, {name: array[start:stop] for name, array in held.items()})
        held = {name: array[last:] for name, array in held.items()}
    if held:
        yield _episode(file, episodes + 1, held)


def _column(column: pa.Array) -> NDArray[np.generic]:
    if not pa.types.is_nested(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    if column.null_count:
        raise ValueError(f"{column.null_count} steps have no observation or action")
    lengths = column.value_lengths().to_numpy(zero_copy_only=False)
    if len(set(lengths.tolist())) > 1:
        raise ValueError(f"steps of different lengths, {lengths.min()} and {lengths.max()}")
    numbers = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(numbers.reshape(len(column), -1))


def _episode(file: RecordFile, line: int, arrays: dict[str, NDArray[np.generic]]) -> RawRecord:
    document: dict[str, object] = {name: arrays[name] for name in _MATRICES if name in arrays}
    document["terminal"] = "terminals" in arrays and bool(arrays["terminals"][-1])
    return RawRecord(file.name, line, document)
