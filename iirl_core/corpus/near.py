"""Near-duplicates by MinHash and locality-sensitive hashing (Broder 1997; Leskovec et al., Mining of Massive Datasets,
ch. 3), in bounded memory.

A text is the set of its shingles. Each of 128 hash functions keeps its smallest value over the set; two sets agree in
one with the probability of their Jaccard similarity. The 128 values are cut into bands, and texts that agree in a whole
band are compared. Of the values only the last byte is kept for that (b-bit minwise hashing, Li and König,
arXiv 0910.3349), so a row costs ``128 + 16·bands`` bytes on disk and none in memory.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from iirl_core.corpus.wording import run_hashes

SHINGLE = 5
"""Words of a shingle; a shorter text is one shingle."""
HASHES = 128
FOUND = 0.9
"""The least probability with which two texts of just the asked similarity meet in a band."""
CACHE_KIB = 32 * 1024
PENDING = 100_000
"""Band keys held before they are written in the order of the index, which spares the disk."""
FILTER_BITS = 28
"""2²⁸ bits (32 MiB) remember which keys may have been seen; at 16 million keys 6% of new ones are looked up in vain."""
_DRAWN = np.frombuffer(hashlib.shake_256(b"iirl minhash").digest(8 * HASHES), "<u4").reshape(2, HASHES)
_FACTOR, _SHIFT = _DRAWN[0] | 1, _DRAWN[1]
_MIX = np.uint64(0xFF51AFD7ED558CCD)


def rows_of_band(similarity: float) -> int:
    """How many of the 128 values make a band: as many as still let texts of that ``similarity`` meet in one of the
    ``128 // rows`` bands with probability ``FOUND``.
    """
    fitting = (r for r in range(HASHES, 1, -1) if 1 - (1 - similarity**r) ** (HASHES // r) >= FOUND)
    return next(fitting, 1)


def sketch_of(words: Sequence[str], rows: int) -> bytes | None:
    """The band keys (8 bytes each) and then the last bytes of the 128 values; None for a text without words."""
    shingles = run_hashes(words, max(1, min(SHINGLE, len(words)))) >> np.uint64(32)
    if not len(shingles):
        return None
    values: NDArray[np.uint32] = (shingles.astype(np.uint32)[:, None] * _FACTOR + _SHIFT).min(axis=0)
    bands = values[: HASHES // rows * rows].reshape(-1, rows).astype(np.uint64)
    keys = np.arange(len(bands), dtype=np.uint64)
    for column in bands.T:
        keys = (keys ^ column) * _MIX
        keys ^= keys >> np.uint64(31)
    return keys.astype("<u8").tobytes() + values.astype(np.uint8).tobytes()


@dataclass(frozen=True)
class Twin:
    """The row that another nearly equals, and the estimate of how nearly."""

    file: str
    line: int
    similarity: float


class NearDuplicates:
    """The sketches of the rows that were kept, in a private temporary file behind a bounded cache; close it after use.

    A row is compared with the first row of each of its bands. Memory does not grow with the rows: it is the cache
    (``CACHE_KIB``), the filter (``2**FILTER_BITS`` bits) and at most ``PENDING`` keys that await writing,
    and those of a row more. What an ingest takes with it ``python -m benchmarks.ingest_speed --parts near`` measures.
    """

    def __init__(self, similarity: float) -> None:
        self._similarity = similarity
        self._rows = 0
        self._pending: dict[int, int] = {}
        self._filter = np.zeros(1 << FILTER_BITS - 3, np.uint8)
        self._database = sqlite3.connect("", isolation_level=None)
        for pragma in (f"cache_size = -{CACHE_KIB}", "journal_mode = OFF", "synchronous = OFF"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE band (key INTEGER PRIMARY KEY, row INTEGER)")
        self._database.execute("CREATE TABLE kept (row INTEGER PRIMARY KEY, file TEXT, line INTEGER, bytes BLOB)")
        self._database.execute("BEGIN")

    def __enter__(self) -> NearDuplicates:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, sketch: bytes, file: str, line: int) -> Twin | None:
        """The row before that this one nearly equals: the most similar one that it meets, the earliest of several.
        None: there is none, and this one is kept.
        """
        keys, values = np.frombuffer(sketch[:-HASHES], "<i8"), np.frombuffer(sketch[-HASHES:], np.uint8)
        places = keys & ((1 << FILTER_BITS) - 1)
        at, bits = places >> 3, np.left_shift(1, places & 7).astype(np.uint8)
        twins = [self._compared(row, values) for row in self._met(keys[self._filter[at] & bits != 0].tolist())]
        near = [twin for twin in twins if twin.similarity >= self._similarity]
        if near:
            return max(near, key=lambda twin: twin.similarity)
        np.bitwise_or.at(self._filter, at, bits)
        for key in keys.tolist():
            self._pending.setdefault(key, self._rows)
        self._database.execute("INSERT INTO kept VALUES (?, ?, ?, ?)", (self._rows, file, line, sketch[-HASHES:]))
        self._rows += 1
        if len(self._pending) >= PENDING:
            self._database.executemany("INSERT OR IGNORE INTO band VALUES (?, ?)", sorted(self._pending.items()))
            self._pending.clear()
        return None

    def _met(self, keys: Sequence[int]) -> list[int]:
        """The first rows of these bands, each once, in order."""
        held = {key: self._pending[key] for key in keys if key in self._pending}
        rows = set(held.values())
        for key in keys:
            if key not in held:
                told = self._database.execute("SELECT row FROM band WHERE key = ?", (key,)).fetchone()
                rows |= set(told or ())
        return sorted(rows)

    def _compared(self, row: int, values: NDArray[np.uint8]) -> Twin:
        file, line, kept = self._database.execute("SELECT file, line, bytes FROM kept WHERE row = ?", (row,)).fetchone()
        agreeing = float((np.frombuffer(kept, np.uint8) == values).mean())
        return Twin(file, line, max(0.0, (agreeing - 1 / 256) / (1 - 1 / 256)))  # one byte in 256 agrees by chance
