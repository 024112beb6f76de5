"""A shard: one Parquet file, hashed while it is written."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq

from iirl_core.canonical import Digest
from iirl_core.corpus.manifest import Shard
from iirl_core.corpus.tables import GROUP_ROWS, SCHEMAS, Kind


def shard_name(index: int) -> str:
    """``shard-00000.parquet``."""
    return f"shard-{index:05d}.parquet"


def write_shard(
    filesystem: pyarrow.fs.FileSystem, folder: str, name: str, tables: Iterable[pa.Table], kind: Kind
) -> Shard:
    """Write the tables as ``folder/name``, a row group in memory at a time.

    The bytes depend on the rows alone, not on how ``tables`` cut them.
    """
    rows = 0
    with filesystem.open_output_stream(f"{folder}/{name}", compression=None) as stream:
        sink = _HashedSink(stream)
        with pq.ParquetWriter(sink, SCHEMAS[kind], compression="zstd", use_dictionary=["source", "split"]) as writer:
            for group in regroup(tables, GROUP_ROWS[kind]):
                writer.write_table(group)
                rows += len(group)
    return Shard(name, rows, Digest("sha256:" + sink.state.hexdigest()))


def regroup(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of exactly ``rows`` (the last may be shorter), each of one chunk."""
    held: list[pa.Table] = []
    count = 0
    for table in tables:
        start = 0
        while count + len(table) - start >= rows:
            take = rows - count
            yield pa.concat_tables([*held, table.slice(start, take)]).combine_chunks()
            held, count, start = [], 0, start + take
        if start < len(table):
            held.append(table.slice(start))
            count += len(table) - start
    if held:
        yield pa.concat_tables(held).combine_chunks()


class _HashedSink(io.RawIOBase):
    """Passes bytes on and hashes them."""

    def __init__(self, stream: pa.NativeFile) -> None:
        self.state = hashlib.sha256()
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]  # whatever has a buffer
        self.state.update(view)
        self._stream.write(view)
        return view.nbytes
