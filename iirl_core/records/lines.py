"""JSON Lines: a stream is cut into chunks of whole lines (cheap), and chunks are decoded into rows (dear, elsewhere).

The two halves are apart so that one process can cut a single big file while many decode it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from iirl_core.errors import one_line
from iirl_core.records.opening import READ_BYTES, blocks_of
from iirl_core.records.raw import Quarantined, RawRecord, RecordFile

MAX_LINE_BYTES = 64 << 20
"""A longer line is quarantined: a file without line ends must not fill the memory."""

EMPTY_ROW = "an empty row"
"""Why a blank line is quarantined."""


@dataclass(frozen=True)
class LineChunk:
    """Whole lines, without the last line end; ``first`` is the number of the first of them."""

    first: int
    data: bytes


def cut_lines(file: RecordFile, size: int = READ_BYTES) -> Iterator[LineChunk | Quarantined]:
    """Chunks of about ``size`` bytes, in order and in constant memory.

    A stream that breaks (a truncated gzip) yields every whole line before the break, then a Quarantined.
    """
    line, rest, skipping = 1, b"", False
    try:
        for block in blocks_of(file, size):
            if skipping:
                found = block.find(b"\n")
                if found < 0:
                    continue
                block = block[found + 1 :]  # noqa: PLW2901
                skipping, line = False, line + 1
            data = rest + block
            cut = data.rfind(b"\n") + 1
            if cut:
                yield LineChunk(line, data[: cut - 1])
                line += data.count(b"\n", 0, cut)
            rest = data[cut:]
            if len(rest) > MAX_LINE_BYTES:
                yield Quarantined(file.name, line, f"a line longer than {MAX_LINE_BYTES >> 20} MiB")
                rest, skipping = b"", True
    except OSError as error:
        yield Quarantined(file.name, line, f"the file breaks off here ({one_line(error)}); what follows was not read")
        return
    if rest:
        yield LineChunk(line, rest)


def decode_chunk(file: RecordFile, chunk: LineChunk) -> Iterator[RawRecord | Quarantined]:
    """One item per line of ``chunk``."""
    for line, data in enumerate(chunk.data.split(b"\n"), start=chunk.first):
        yield _decode(file.name, line, data)


def _decode(file: str, line: int, data: bytes) -> RawRecord | Quarantined:
    try:
        text = data.decode("utf-8-sig" if line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        return Quarantined(file, line, f"undecodable bytes at {error.start} ({error.reason}); expected UTF-8")
    if not text.strip():
        return Quarantined(file, line, EMPTY_ROW)
    try:
        return RawRecord(file, line, json.loads(text))
    except json.JSONDecodeError as error:
        return Quarantined(file, line, f"malformed JSON at column {error.colno} ({error.msg})")
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; brackets thousands deep
        return Quarantined(file, line, f"malformed JSON ({one_line(error)})")
