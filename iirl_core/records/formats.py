"""What a file's name says of it: its format, its compression, and what it is called without them."""

from __future__ import annotations

from typing import Literal

Format = Literal["jsonl", "json", "parquet", "npz", "hdf5"]
FORMATS: dict[str, Format] = {
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "json",
    "parquet": "parquet",
    "pq": "parquet",
    "npz": "npz",
    "hdf5": "hdf5",
    "h5": "hdf5",
}
CODECS = {"gz": "gzip", "gzip": "gzip", "zst": "zstd", "zstd": "zstd"}


def format_named(name: str) -> tuple[Format | None, str | None]:
    """The format and the compression that end a name, letters of either case; None where it says none."""
    *_, before, last = ("", "", *name.lower().split("."))
    codec = CODECS.get(last)
    return FORMATS.get(before if codec else last), codec


def stem_of(name: str) -> str:
    """A file's name without the endings that say its format and compression, and with every other dot: of
    ``gpt-3.5-turbo.jsonl.gz`` ``gpt-3.5-turbo``. The whole name where nothing else is left.
    """
    form, codec = format_named(name)
    parts = name.split(".")
    return ".".join(parts[: len(parts) - (form is not None) - (codec is not None)]) or name
