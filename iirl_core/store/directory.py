"""The Store in a local folder: atomic renames, hard links and one lock per key.

Every write goes to a temporary file in ``staging/`` (the same file system), is flushed to the disk, and becomes
visible through one ``rename`` or ``link``: a process killed at any instruction leaves the old bytes or the new ones,
and at worst a file in ``staging/``, which nothing lists and which the next ``stage`` removes a day later.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow.fs

from iirl_core.errors import ClusterError, Conflict, NotFound
from iirl_core.store.durable import NO_HARD_LINKS, flush, flush_tree, link_or_copy, make_folder, sweep
from iirl_core.store.key import STAGING, check_key, check_prefix, is_staged

_LOCKS = "locks"


@dataclass(frozen=True)
class DirectoryStore:
    """A store under ``root``, which is made absolute, and made on the first write. Safe among processes of one machine.

    Every writing method raises ClusterError where the disk is full, read-only or forbidden.
    """

    root: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", Path(os.path.abspath(self.root.expanduser())))

    @property
    def url(self) -> str:
        """The absolute path of the folder."""
        return str(self.root)

    def get(self, key: str) -> bytes:
        """The bytes under ``key``; NotFound where there are none."""
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NotFound(f"nothing is stored at {key} in {self.url}") from error
        except OSError as error:
            raise self._failed("read", error) from error

    def exists(self, key: str) -> bool:
        """Whether ``key`` holds bytes (a folder does not)."""
        return self._path(key).is_file()

    def put(self, key: str, data: bytes) -> None:
        """Store or replace through one rename."""
        self._write(key, lambda temporary: temporary.write_bytes(data))

    def put_file(self, key: str, path: Path) -> None:
        """Store or replace with a copy of a local file; later changes of ``path`` do not reach the store."""
        self._write(key, lambda temporary: shutil.copyfile(path, temporary))

    def copy(self, source: str, target: str) -> None:
        """A hard link where the file system has them, else a copy; NotFound where ``source`` holds nothing."""
        origin = self._path(source)
        if not origin.is_file():
            raise NotFound(f"nothing is stored at {source} in {self.url}")
        self._write(target, lambda temporary: link_or_copy(origin, temporary))

    def create(self, key: str, data: bytes) -> None:
        """Store what must not exist yet; Conflict where it does."""
        with self._temporary(key, lambda temporary: temporary.write_bytes(data)) as (temporary, target):
            self._create(key, temporary, target)

    def swap(self, key: str, expected: bytes | None, data: bytes) -> None:
        """Replace ``expected`` by ``data``, compared under the key's lock; Conflict where something else is stored."""
        with self._temporary(key, lambda temporary: temporary.write_bytes(data)) as (temporary, target):
            if expected is None:
                self._create(key, temporary, target)
                return
            if not target.is_file() or target.read_bytes() != expected:
                raise Conflict(f"{key} changed meanwhile", todo="Read it again and retry")
            os.replace(temporary, target)

    def list(self, prefix: str) -> Iterator[str]:
        """Keys that start with ``prefix``, in lexicographic order, read folder by folder as they are asked for."""
        check_prefix(prefix)
        folder = prefix.rpartition("/")[0]
        for key in self._walk(folder):
            if key.startswith(prefix):
                yield key

    def stage(self) -> str:
        """A new, empty folder ``staging/UNIQUE``; what killed processes left there is removed."""
        staged = f"{STAGING}/{uuid.uuid4().hex}"
        sweep(self.root / STAGING, spared=_LOCKS)
        try:
            self._path(staged).mkdir(parents=True)
        except OSError as error:
            raise self._failed("written", error) from error
        return staged

    def publish(self, staged: str, final: str, last: str) -> None:
        """Rename the staged folder to ``final``; no-op (but for removing it) where ``final/last`` already exists.

        Raises:
            NotFound: ``last`` is neither staged nor published.
        """
        source, target = self._path(staged), self._path(final)
        if not self.exists(f"{final}/{last}"):
            if not self.exists(f"{staged}/{last}"):
                raise NotFound(f"{staged} holds no {last}", "a complete staged tree")
            try:
                flush_tree(source)
                make_folder(target.parent)
                self._move_tree(staged, final, last)
                flush(target.parent)
            except OSError as error:
                raise self._failed("written", error) from error
        shutil.rmtree(source, ignore_errors=True)

    def filesystem(self) -> tuple[pyarrow.fs.FileSystem, str]:
        """The local file system and the absolute path of the store."""
        return pyarrow.fs.LocalFileSystem(), str(self.root)

    def local_file(self, key: str, cache: Path) -> Path:  # noqa: ARG002 (a directory store needs no cache)
        """The file itself; NotFound where there is none."""
        path = self._path(key)
        if not path.is_file():
            raise NotFound(f"nothing is stored at {key} in {self.url}")
        return path

    def local(self, prefix: str, cache: Path) -> Path:  # noqa: ARG002 (a directory store needs no cache)
        """The folder itself; NotFound where there is none."""
        folder = self._path(prefix.removesuffix("/"))
        if not folder.is_dir():
            raise NotFound(f"nothing is stored under {prefix} in {self.url}")
        return folder

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _failed(self, done: str, error: OSError) -> ClusterError:
        reason = error.strerror or str(error)
        return ClusterError(f"the store {self.url} cannot be {done} ({reason})", todo="Free or mend that folder")

    def _write(self, key: str, fill: Callable[[Path], object]) -> None:
        with self._temporary(key, fill) as (temporary, target):
            os.replace(temporary, target)

    @contextmanager
    def _temporary(self, key: str, fill: Callable[[Path], object]) -> Iterator[tuple[Path, Path]]:
        """A flushed temporary file and the target, under the target's lock; the temporary file never outlives it."""
        target = self._path(key)
        temporary = self.root / STAGING / f"tmp-{uuid.uuid4().hex}"
        try:
            make_folder(temporary.parent)
            make_folder(target.parent)
            fill(temporary)
            flush(temporary)
            with self._locked(key):
                yield temporary, target
            flush(target.parent)
        except OSError as error:
            raise self._failed("written", error) from error
        finally:
            # A rename between two links to the same bytes does nothing, so the name may still be there.
            with suppress(OSError):
                temporary.unlink()

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        stripe = hashlib.sha256(key.encode()).hexdigest()[:2]
        folder = self.root / STAGING / _LOCKS
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / stripe).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # released with the file, also when the process is killed
            yield

    def _create(self, key: str, temporary: Path, target: Path) -> None:
        try:
            os.link(temporary, target)
        except FileExistsError as error:
            raise Conflict(f"{key} exists already", todo="Read it again and retry") from error
        except OSError as error:
            if error.errno not in NO_HARD_LINKS:
                raise
            if target.exists():
                raise Conflict(f"{key} exists already", todo="Read it again and retry") from error
            os.replace(temporary, target)  # exclusive, because every writer of this key holds its lock

    def _walk(self, folder: str) -> Iterator[str]:
        try:
            entries = list(os.scandir(self.root / folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        # "a-b" sorts before "a/b": a folder sorts by its name and the slash that follows it in every key.
        for entry in sorted(entries, key=lambda entry: entry.name + "/" * entry.is_dir()):
            key = f"{folder}/{entry.name}" if folder else entry.name
            if is_staged(key):
                continue
            if entry.is_dir():
                yield from self._walk(key)
            else:
                yield key

    def _move_tree(self, staged: str, final: str, last: str) -> None:
        source, target = self._path(staged), self._path(final)
        try:
            os.rename(source, target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            # The folder has other files (or another publisher just won): file by file, ``last`` last.
            names = [path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()]
            for name in sorted(names, key=lambda name: (name == last, name)):
                self.copy(f"{staged}/{name}", f"{final}/{name}")
