"""Bytes in: decompression, and the bytes before a break."""

from __future__ import annotations

import shutil
import tempfile
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

import pyarrow as pa

from iirl_core.errors import ConfigError, InputError
from iirl_core.records.formats import Format, format_named
from iirl_core.records.raw import RecordFile

READ_BYTES = 1 << 20
UNREADABLE = (
    *(OSError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError, EOFError),
    *(AssertionError, MemoryError, SyntaxError, tokenize.TokenError, zipfile.BadZipFile, zlib.error, pa.ArrowException),
    InputError,
)
"""What zipfile, NumPy, h5py and Arrow raise, between them, over bytes that are not what a file's name says (a flipped
byte in a length asks for petabytes, one in a NumPy header is parsed as Python)."""


def format_of(file: RecordFile) -> tuple[Format, str | None]:
    """The format and the compression that the name of ``file`` declares.

    Raises:
        ConfigError: no such format.
    """
    found, codec = format_named(file.name)
    if found is None:
        raise ConfigError(
            f"{file.path} is of no known format", "a name that ends in .jsonl .json .parquet .npz or .hdf5 (.gz, .zst)"
        )
    return found, codec


@contextmanager
def open_stream(file: RecordFile) -> Iterator[pa.NativeFile]:
    """The decompressed bytes, front to back. Concatenated gzip members and zstd frames read as one.

    Raises:
        OSError: on opening or while reading, also where the compressed stream is cut short or damaged.
    """
    codec = format_of(file)[1]
    with file.filesystem.open_input_stream(file.path, compression=None) as raw:
        if codec is None:
            yield raw
        else:
            with pa.CompressedInputStream(raw, codec) as stream:
                yield stream


@contextmanager
def open_random(file: RecordFile) -> Iterator[pa.NativeFile | IO[bytes]]:
    """The decompressed bytes with seek; a compressed file is unpacked to a temporary one.

    Raises:
        OSError: as ``open_stream``.
    """
    if format_of(file)[1] is None:
        with file.filesystem.open_input_file(file.path) as opened:
            yield opened
        return
    with tempfile.TemporaryFile() as unpacked:
        with open_stream(file) as stream:
            shutil.copyfileobj(cast(IO[bytes], stream), unpacked, READ_BYTES)
        unpacked.seek(0)
        yield unpacked


def blocks_of(file: RecordFile, size: int = READ_BYTES) -> Iterator[bytes]:
    """The decompressed bytes in blocks of at most ``size``; of a damaged stream also every byte before the break.

    Raises:
        OSError: after the last good byte.
    """
    done = 0
    broken: OSError | None = None
    with open_stream(file) as stream:
        while True:
            try:
                block = stream.read(size)
            except OSError as error:
                broken = error
                break
            if not block:
                return
            done += len(block)
            yield block
    # The failed read swallowed what it had before the break: read up to there again, the last stretch byte by byte.
    if rescued := _rescue(file, done):
        yield rescued
    raise broken


def _rescue(file: RecordFile, start: int) -> bytes:
    with open_stream(file) as stream:
        while start > 0:
            start -= len(stream.read(min(start, READ_BYTES)))
        rescued = bytearray()
        while True:
            try:
                byte = stream.read(1)
            except OSError:
                return bytes(rescued)
            if not byte:
                return bytes(rescued)
            rescued += byte
