"""What a file yields: decoded rows, and rows that could not be used."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.fs

from iirl_core.canonical import JsonValue
from iirl_core.records.formats import stem_of


@dataclass(frozen=True)
class RawRecord:
    """One decoded row: ``document`` is what ``parse_record`` takes (JSON values, or arrays under the trajectory keys).

    ``line`` counts from 1: the line of a JSONL file, the position in a JSON list, the row of a Parquet file, the
    episode of an array file.
    """

    file: str
    line: int
    document: object


@dataclass(frozen=True)
class Quarantined:
    """A row (``line`` as in RawRecord; 0 for the whole file) that was set aside, and why, in one line."""

    file: str
    line: int
    reason: str

    def __post_init__(self) -> None:
        # What a reason quotes of undecodable text is escaped: files and Arrow's strings hold UTF-8.
        for name in ("file", "reason"):
            object.__setattr__(self, name, getattr(self, name).encode("utf-8", "backslashreplace").decode("utf-8"))

    def document(self) -> dict[str, JsonValue]:
        """As a line of ``quarantine.jsonl``."""
        return {"file": self.file, "line": self.line, "reason": self.reason}


@dataclass(frozen=True)
class RecordFile:
    """A file to read records from; picklable, so that another node can open it."""

    path: str
    filesystem: pyarrow.fs.FileSystem = field(default_factory=pyarrow.fs.LocalFileSystem)

    @property
    def name(self) -> str:
        """The last part of the path: what manifests and quarantines call it."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def stem(self) -> str:
        """The name without its format and compression: a record's source where it names none itself."""
        return stem_of(self.name)


def record_file(path: RecordFile | Path | str) -> RecordFile:
    """``path`` itself, or a local path as a RecordFile."""
    return path if isinstance(path, RecordFile) else RecordFile(str(path))
