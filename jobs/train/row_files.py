"""Files of rows, read by position."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Generic, Protocol, Self, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from iirl_core.errors import ClusterError, ConfigError
from iirl_core.store.protocol import Store
from jobs.train.bounds import KEPT_ROWS
from jobs.train.rows import PAIRS, Part


class Piece(Protocol):
    """Some rows in memory."""

    def __len__(self) -> int:
        """How many."""
        ...

    def pick(self, index: NDArray[np.int64]) -> Self:
        """Those at ``index``, in that order."""
        ...

    @classmethod
    def joined(cls, pieces: Sequence[Self]) -> Self:
        """One after the other."""
        ...


Rows = TypeVar("Rows", bound=Piece)


@dataclass(frozen=True)
class RowFile:
    """One file, and how many rows it has."""

    path: str
    rows: int


class RowFiles(ABC, Generic[Rows]):
    """One part of a run's rows, read by position; keeps the few files that the last batches needed.

    ``positions`` run over the part in the order of ``row``. Bytes come from the store's file system.
    """

    def __init__(self, store: Store, folder: str, part: Part, *, kept: int = KEPT_ROWS) -> None:
        self._filesystem, root = store.filesystem()
        self._files = list_files(self._filesystem, f"{root}/{folder}", part)
        self._ends = list(accumulate(file.rows for file in self._files))
        self._kept = kept
        self._open: dict[int, Rows] = {}

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @abstractmethod
    def _decoded(self, table: pa.Table) -> Rows:
        """A whole file's table, sorted by row."""

    def take(self, positions: NDArray[np.int64]) -> Rows:
        """The rows at ``positions``, in that order."""
        pieces, places = [], []
        for file, mine, local in self._spread(positions):
            pieces.append(file.pick(local))
            places.append(mine)
        back = np.argsort(np.concatenate(places), kind="stable")
        return type(pieces[0]).joined(pieces).pick(back)

    def _spread(self, positions: NDArray[np.int64]) -> Iterator[tuple[Rows, NDArray[np.int64], NDArray[np.int64]]]:
        """Each file that holds some: its rows, which of ``positions`` they answer, and where they lie in the file."""
        owners = np.searchsorted(np.asarray(self._ends), positions, side="right")
        starts = np.asarray([0, *self._ends])
        for index in np.unique(owners):
            mine = np.flatnonzero(owners == index)
            yield self._file(int(index)), mine, positions[mine] - starts[index]

    def weights(self) -> tuple[float, float]:
        """Summed weights of the demonstrations and of the negatives."""
        totals = [0.0, 0.0]
        for file in self._files:
            table = pq.read_table(file.path, filesystem=self._filesystem, columns=["expert", "weight"])
            for index, expert in enumerate((1.0, 0.0)):
                chosen = table.filter(pc.equal(table["expert"], pa.scalar(expert, pa.float32())))
                totals[index] += float(pc.sum(chosen["weight"]).as_py() or 0.0)
        return totals[0], totals[1]

    def check_pairs(self) -> None:
        """Nothing to do where every row lies beside the other side of its comparison.

        Raises:
            ConfigError: a comparison lacks a side, or comes twice.
        """
        rest = np.zeros((2, 0), np.int64)
        for file in self._files:
            table = pq.read_table(file.path, filesystem=self._filesystem, columns=["row", "expert"], partitioning=None)
            rows = np.stack([table[name].to_numpy().astype(np.int64) for name in ("row", "expert")])
            rows = np.concatenate([rest, rows[:, np.argsort(rows[0], kind="stable")]], axis=1)
            whole = rows.shape[1] // 2 * 2
            (even, odd), rest = (rows[:, start:whole:2] for start in (0, 1)), rows[:, whole:]
            wrong = (even[0] + 1 != odd[0]) | (even[1] != 0) | (odd[1] != 1)
            if wrong.any():
                raise ConfigError(
                    "a comparison in the train split lacks a side, or comes twice", "both sides, once", PAIRS
                )
        if rest.size:
            raise ConfigError("a comparison in the train split lacks a side", "both sides, once", PAIRS)

    def every(self) -> Iterator[Rows]:
        """All rows once, a file at a time."""
        for index in range(len(self._files)):
            yield self._file(index)

    def _file(self, index: int) -> Rows:
        if index not in self._open:
            held = sum(len(rows) for rows in self._open.values())
            while self._open and held + self._files[index].rows > self._kept:
                held -= len(self._open.pop(next(iter(self._open))))  # the oldest
            table = pq.read_table(self._files[index].path, filesystem=self._filesystem, partitioning=None)
            order = [("row", "ascending"), ("expert", "ascending"), ("weight", "ascending")]
            self._open[index] = self._decoded(table.sort_by(order).combine_chunks())
        return self._open[index]


def list_files(filesystem: pyarrow.fs.FileSystem, folder: str, part: Part) -> list[RowFile]:
    """The files of one part in the order of their rows, from their footers alone.

    Raises:
        ClusterError: two files overlap: they come from two runs that wrote at once.
    """
    selector = pyarrow.fs.FileSelector(f"{folder}/part={part}", allow_not_found=True)
    found = []
    for info in filesystem.get_file_info(selector):
        if info.extension != "parquet":
            continue
        footer = pq.read_metadata(info.path, filesystem=filesystem)
        if footer.num_rows:
            column = footer.schema.names.index("row")
            ranges = [footer.row_group(group).column(column).statistics for group in range(footer.num_row_groups)]
            found.append((min(r.min for r in ranges), max(r.max for r in ranges), RowFile(info.path, footer.num_rows)))
    found.sort(key=lambda entry: entry[:2])
    if any(before[1] > after[0] for before, after in pairwise(found)):
        raise ClusterError(f"rows in {folder} overlap", todo="Remove that folder and train again")
    return [file for _, _, file in found]


def tensor(column: pa.ChunkedArray) -> torch.Tensor:
    """A column of numbers."""
    return torch.from_numpy(column.to_numpy().copy())
