"""A Ray Data source of work: chunks of raw lines, and (of files that are not lines) pieces to be read elsewhere.

One task can so cut a single big gzip while all others decode and tokenise: cutting is a hundred times faster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from ray.data import Datasource, ReadTask
from ray.data.block import BlockMetadata

from iirl_core.records.lines import LineChunk, cut_lines
from iirl_core.records.opening import format_of
from iirl_core.records.raw import Quarantined, RecordFile
from iirl_core.records.reading import pieces_of

LEAST_CHUNK, MOST_CHUNK = 256 << 10, 4 << 20
"""Bytes of lines that one task decodes: few tasks for a large file, several for a small one."""
CHUNKS_PER_CPU = 8
EXPANSION = 4
"""How much larger compressed text is taken to be once it is unpacked."""
MOST_TASKS = 64

WORK = pa.schema(
    [
        ("file", pa.int32()),  # index into the corpus' files
        ("first", pa.int64()),  # the first line of data; of a piece, its number; of a fault, the line
        ("data", pa.large_binary()),  # whole lines
        ("fault", pa.string()),  # why nothing can be read from here on
    ]
)
"""A row has ``data`` or ``fault``; a row with neither is piece ``first`` of its file."""


class RecordSource(Datasource):  # type: ignore[misc]  # Ray ships no types
    """Yields WORK in the order of the files."""

    def __init__(self, files: Sequence[RecordFile], chunk: int) -> None:
        super().__init__()
        self._files, self._chunk = tuple(files), chunk

    def estimate_inmemory_data_size(self) -> int | None:
        """Unknown: the files are compressed."""
        return None

    def get_read_tasks(
        self, parallelism: int, per_task_row_limit: int | None = None, data_context: object = None
    ) -> list[ReadTask]:
        """Neighbouring files share a task, so that a thousand small files do not cost a thousand tasks."""
        del parallelism, per_task_row_limit, data_context  # a matter of the files alone
        groups = np.array_split(np.arange(len(self._files)), min(len(self._files), MOST_TASKS))
        return [self._task([(int(index), self._files[index]) for index in group]) for group in groups]

    def _task(self, files: list[tuple[int, RecordFile]]) -> ReadTask:
        metadata = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
        chunk = self._chunk
        return ReadTask(lambda: (work for index, file in files for work in _work(index, file, chunk)), metadata, WORK)


def chunk_for(stored_bytes: int, cpus: float) -> int:
    """Bytes of a chunk, for files of so many bytes on disk and a cluster of so many CPUs."""
    return int(min(max(EXPANSION * stored_bytes / (CHUNKS_PER_CPU * max(cpus, 1)), LEAST_CHUNK), MOST_CHUNK))


def _work(index: int, file: RecordFile, size: int) -> Iterator[pa.Table]:
    if format_of(file)[0] != "jsonl":
        pieces = pieces_of(file)
        yield _table([index] * pieces, list(range(pieces)), [None] * pieces, [None] * pieces)
        return
    for chunk in cut_lines(file, size):
        match chunk:
            case LineChunk(first, data):
                yield _table([index], [first], [data], [None])
            case Quarantined(_, line, reason):
                yield _table([index], [line], [None], [reason])


def _table(files: list[int], firsts: list[int], data: list[bytes | None], faults: list[str | None]) -> pa.Table:
    return pa.table([files, firsts, data, faults], schema=WORK)
