"""The files of a corpus: paths, globs and s3:// URLs → RecordFiles with their digests."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch

import pyarrow.fs

from cluster.store import open_store
from iirl_core.canonical import digest_chunks
from iirl_core.corpus import SourceFile
from iirl_core.errors import ConfigError, one_line
from iirl_core.records.opening import READ_BYTES, format_of
from iirl_core.records.raw import RecordFile

_MAGIC = "*?["


def find_files(patterns: Sequence[str], key: str = "corpora.files") -> tuple[RecordFile, ...]:
    """The files that ``patterns`` name, in the order of the patterns, those of a glob sorted; none twice. ``key`` is
    where the configuration has them.

    Raises:
        ConfigError: a pattern names no file, or a file is of no known format.
    """
    found: dict[str, RecordFile] = {}
    for pattern in patterns:
        files = files_at(pattern, key)
        if not files:
            raise ConfigError(f"no file at {pattern}", "a path, a glob or an s3:// URL", f"See {key}")
        for file in files:
            format_of(file)
            found.setdefault(file.path, file)
    return tuple(found.values())


def files_at(pattern: str, key: str) -> list[RecordFile]:
    """The files that one pattern names; none where there are none.

    Raises:
        ConfigError: the store cannot be listed.
    """
    return _remote(pattern, key) if pattern.startswith("s3://") else _local(pattern)


def describe_files(files: Sequence[RecordFile]) -> tuple[SourceFile, ...]:
    """Names, sizes and digests, a few files at a time.

    Raises:
        ConfigError: a file cannot be read.
    """
    with ThreadPoolExecutor(max_workers=4) as pool:
        return tuple(pool.map(_describe, files))


def _describe(file: RecordFile) -> SourceFile:
    size = 0
    try:
        with file.filesystem.open_input_stream(file.path, compression=None) as stream:

            def read() -> bytes:
                nonlocal size
                block: bytes = stream.read(READ_BYTES)
                size += len(block)
                return block

            digest = digest_chunks(iter(read, b""))
    except OSError as error:
        raise ConfigError(f"{file.path} cannot be read ({one_line(error)})", todo="See corpora.files") from error
    return SourceFile(file.name, size, digest)


def _local(pattern: str) -> list[RecordFile]:
    paths = [pattern] if os.path.exists(pattern) else sorted(glob.glob(pattern, recursive=True))
    return [RecordFile(os.path.abspath(path)) for path in paths if os.path.isfile(path)]


def _remote(url: str, key: str) -> list[RecordFile]:
    """Credentials and endpoint come from the environment, on every node that reads."""
    path = url.removeprefix("s3://")
    filesystem, _ = open_store(f"s3://{path.partition('/')[0]}").filesystem()
    magic = min((path.find(sign) for sign in _MAGIC if sign in path), default=-1)
    try:
        if magic < 0:
            listed = [filesystem.get_file_info(path)]
        else:
            selector = pyarrow.fs.FileSelector(path[:magic].rpartition("/")[0], recursive=True, allow_not_found=True)
            listed = [info for info in filesystem.get_file_info(selector) if fnmatch(info.path, path)]
    except OSError as error:
        raise ConfigError(f"{url} cannot be listed ({one_line(error)})", todo=f"See {key}") from error
    paths = sorted(info.path for info in listed if info.type == pyarrow.fs.FileType.File)
    return [RecordFile(path, filesystem) for path in paths]
