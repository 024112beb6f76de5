"""Exact duplicates in bounded memory."""

from __future__ import annotations

import sqlite3
from types import TracebackType

CACHE_KIB = 64 * 1024


class SeenIds:
    """A set of byte strings that moves to a private temporary file when it outgrows its cache."""

    def __init__(self) -> None:
        # The empty name is SQLite's temporary database: in memory until the cache is full, gone when it is closed.
        self._database = sqlite3.connect("", isolation_level=None)
        for pragma in (f"cache_size = -{CACHE_KIB}", "journal_mode = OFF", "synchronous = OFF"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE seen (id BLOB PRIMARY KEY) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def __enter__(self) -> SeenIds:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, identity: bytes) -> bool:
        """Whether ``identity`` is new; it is not after this."""
        return self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (identity,)).rowcount == 1
