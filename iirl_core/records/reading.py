"""Any accepted file → rows, streaming; what cannot be read is quarantined, never raised."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from iirl_core.records.episodes import read_hdf5, read_npz
from iirl_core.records.json_values import read_json
from iirl_core.records.lines import cut_lines, decode_chunk
from iirl_core.records.opening import format_of
from iirl_core.records.parquet_rows import count_pieces, read_parquet
from iirl_core.records.raw import Quarantined, RawRecord, RecordFile, record_file


def open_records(path: RecordFile | Path | str, piece: int | None = None) -> Iterator[RawRecord | Quarantined]:
    """Stream a file's rows in order, in constant memory (an NPZ file, and a JSON value, are whole in memory).

    ``piece`` picks one of ``pieces_of`` (None: the whole file).

    Raises:
        ConfigError: the name declares no known format.
    """
    file = record_file(path)
    kind = format_of(file)[0]
    if kind == "parquet":
        return read_parquet(file, piece)
    return {"jsonl": _read_jsonl, "json": read_json, "npz": read_npz, "hdf5": read_hdf5}[kind](file)


def pieces_of(path: RecordFile | Path | str) -> int:
    """How many pieces of the file can be read apart from each other: a Parquet file's row groups, else 1.

    Raises:
        ConfigError: as ``open_records``.
    """
    file = record_file(path)
    return count_pieces(file) if format_of(file) == ("parquet", None) else 1


def _read_jsonl(file: RecordFile) -> Iterator[RawRecord | Quarantined]:
    for chunk in cut_lines(file):
        if isinstance(chunk, Quarantined):
            yield chunk
        else:
            yield from decode_chunk(file, chunk)
