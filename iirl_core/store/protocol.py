"""The Store: one protocol over a local folder and S3.

Keys are ``/``-separated relative paths (``artifacts/DIGEST/manifest.json``). Rules, held by one test suite over
every implementation (``tests/iirl_core/store/test_store_contract.py``):

* ``put`` replaces atomically: a reader sees the old bytes or the new ones, never a mixture.
* ``create`` is exclusive: of two writers exactly one succeeds, the other raises Conflict.
* ``swap`` is compare-and-swap on the bytes last seen (``None``: nothing stored yet); the loser raises Conflict.
* ``publish`` moves a staged tree to its final place so that it is visible whole or not at all (the file named ``last``
  is what makes it visible); publishing what is already there is a no-op that removes the staged copy.
* ``list`` yields keys under a prefix in lexicographic order and never shows staged trees or temporary files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pyarrow.fs


class Store(Protocol):
    """Where corpora, artifacts, statements, audits, channels and the log live."""

    @property
    def url(self) -> str:
        """What ``open_store`` takes to open it again, on any node."""
        ...

    def get(self, key: str) -> bytes:
        """The bytes under ``key``.

        Raises:
            NotFound: nothing is stored there.
        """
        ...

    def exists(self, key: str) -> bool:
        """Whether ``key`` holds bytes."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Store or replace."""
        ...

    def put_file(self, key: str, path: Path) -> None:
        """Store or replace, from a local file, in constant memory."""
        ...

    def copy(self, source: str, target: str) -> None:
        """The same bytes under a second key, without moving them (a hard link, a server-side copy)."""
        ...

    def create(self, key: str, data: bytes) -> None:
        """Store what must not exist yet.

        Raises:
            Conflict: it exists.
        """
        ...

    def swap(self, key: str, expected: bytes | None, data: bytes) -> None:
        """Replace ``expected`` by ``data``.

        Raises:
            Conflict: something else is stored there.
        """
        ...

    def list(self, prefix: str) -> Iterator[str]:
        """Keys that start with ``prefix``."""
        ...

    def stage(self) -> str:
        """The key prefix of a new, empty, invisible place to build a tree in (``staging/UNIQUE``)."""
        ...

    def publish(self, staged: str, final: str, last: str) -> None:
        """Make the staged tree visible as ``final``; ``last`` is the file whose presence means that it is whole."""
        ...

    def filesystem(self) -> tuple[pyarrow.fs.FileSystem, str]:
        """For bulk data (Parquet, safetensors): a picklable file system and the root path of the store in it."""
        ...

    def local_file(self, key: str, cache: Path) -> Path:
        """The bytes under ``key`` as a local file, to be read only, in constant memory: itself in a directory store,
        else downloaded to ``cache``.

        Raises:
            NotFound: nothing is stored there.
        """
        ...

    def local(self, prefix: str, cache: Path) -> Path:
        """The tree under ``prefix`` as a local folder: itself in a directory store, else downloaded to ``cache``."""
        ...
