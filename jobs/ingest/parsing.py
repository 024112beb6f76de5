"""The task that does the work: WORK rows → parts on the store's disk, and the facts of each row for the driver.

The demonstrations themselves never pass through the driver: it decides on 32-byte digests and sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.fs
import pyarrow.ipc
import ray

from iirl_core.corpus.admission import Admission, admit
from iirl_core.corpus.screening import Screening
from iirl_core.corpus.tables import table_of
from iirl_core.corpus.tally import facts_of
from iirl_core.demonstration import Conversation, Demonstration
from iirl_core.records.lines import LineChunk, decode_chunk
from iirl_core.records.raw import Quarantined, RawRecord, RecordFile
from iirl_core.records.reading import open_records
from jobs.ingest.counting import count_tokens

PART_ROWS = 2048
PART_NUMBERS = 4 << 20
"""Rows, and numbers in trajectories, that a task holds before it writes a part."""

FACTS = pa.schema(
    [
        ("part", pa.string()),  # null: quarantined
        ("place", pa.int32()),  # the row of the part
        ("file", pa.string()),
        ("line", pa.int64()),
        ("reason", pa.string()),
        ("id", pa.binary()),
        ("row", pa.binary()),
        ("split", pa.string()),
        ("observation_width", pa.int32()),
        ("action_width", pa.int32()),
        ("tokens", pa.int32()),
        ("source", pa.string()),
        ("sketch", pa.binary()),
    ]
)
"""One row per row of the files, in order."""


@dataclass(frozen=True)
class Parse:
    """What a task needs: the files, the rules, where parts go, and (in Ray's object store) the tokenizer and the
    screening.
    """

    files: tuple[RecordFile, ...]
    rules: Admission
    screening: ray.ObjectRef
    filesystem: pyarrow.fs.FileSystem
    folder: str
    tokenizer: ray.ObjectRef | None

    def __call__(self, work: pa.Table) -> Iterator[pa.Table]:
        """WORK → FACTS; parts are written on the way. A task that runs again writes the same parts again."""
        tokenizer = None if self.tokenizer is None else ray.get(self.tokenizer)
        screening: Screening = ray.get(self.screening)
        for index, first, data, fault in zip(*(column.to_pylist() for column in work.columns), strict=True):
            file = self.files[index]
            if fault is not None:
                rows: Iterator[RawRecord | Quarantined] = iter([Quarantined(file.name, first, fault)])
            elif data is not None:
                rows = decode_chunk(file, LineChunk(first, data))
            else:
                rows = open_records(file, first)
            for number, held in enumerate(_gathered(rows, file, self.rules, screening)):
                yield self._part(f"{index:06d}-{first:012d}-{number:06d}.arrow", held, tokenizer)

    def _part(self, name: str, held: Sequence[Held], tokenizer: str | None) -> pa.Table:
        good = [each.item for each in held if isinstance(each.item, Demonstration)]
        conversations = [item.input for item in good if isinstance(item.input, Conversation)]
        counted = count_tokens(tokenizer, conversations) if tokenizer is not None else None
        if good:
            table = table_of(good, self.rules.kind, counted)
            with (
                self.filesystem.open_output_stream(f"{self.folder}/{name}", compression=None) as stream,
                pa.ipc.new_file(stream, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer,
            ):
                writer.write_table(table)
        return pa.Table.from_pylist(list(_facts(name, held, counted or [None] * len(good))), schema=FACTS)


@dataclass(frozen=True)
class Held:
    """A row that awaits its part: where it stood, what it is, and what it resembles."""

    file: str
    line: int
    item: Demonstration | Quarantined
    sketch: bytes | None = None


def _gathered(
    rows: Iterator[RawRecord | Quarantined], file: RecordFile, rules: Admission, screening: Screening
) -> Iterator[list[Held]]:
    """Admitted rows with their lines, in groups that fit the memory of a task."""
    held: list[Held] = []
    numbers = 0
    for row in rows:
        for item in admit(row, file.stem, rules):
            held.append(_screened(row, item, file, screening))
            if isinstance(item, Demonstration) and not isinstance(item.input, Conversation):
                numbers += item.input.observations.size
            if len(held) >= PART_ROWS or numbers >= PART_NUMBERS:
                yield held
                held, numbers = [], 0
    if held:
        yield held


def _screened(
    row: RawRecord | Quarantined, item: Demonstration | Quarantined, file: RecordFile, screening: Screening
) -> Held:
    if isinstance(row, Quarantined) or isinstance(item, Quarantined):
        return Held(file.name, row.line, item)
    reason, sketch = screening.screen(item, row.document)
    return Held(file.name, row.line, Quarantined(row.file, row.line, reason) if reason else item, sketch)


def _facts(part: str, held: Sequence[Held], counts: Sequence[int | None]) -> Iterator[dict[str, object]]:
    place = 0
    for each in held:
        if isinstance(each.item, Quarantined):
            yield dict(each.item.document())
        else:
            facts = facts_of(each.item, counts[place], each.sketch)
            yield {"part": part, "place": place, "file": each.file, "line": each.line, **vars(facts)}
            place += 1
