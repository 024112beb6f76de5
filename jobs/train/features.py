"""Features: the rows that training and calibration read, encoded once, in Parquet, in the order of a hash.

Columns ``row`` (int64, the row's stable number), ``part``, ``expert`` (1 demonstration, 0 negative), ``weight``,
``z`` (fixed-size list of float32). A row's number is a hash of its record and step, and files are sorted by it: any run
of rows is a fair sample of the corpus, the same in every run, whoever encoded it and in whatever order.

    part       holds
    train      what the loss sees
    guard      held-out demonstrations: calibration of map and support
    contrast   negatives that the loss does not see: the map's other anchor

Where a family learns from comparisons there is also ``margin``, and the two sides of a comparison in ``train`` have
numbers that differ in the last bit alone: an even one is the rejected side's, the next is the chosen's. So they lie
side by side, at positions 2i and 2i + 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from iirl_core.errors import ClusterError, ConfigError
from iirl_core.expertness import Batch
from iirl_core.store.protocol import Store

Part = Literal["train", "guard", "contrast"]
PARTS: tuple[Part, ...] = ("train", "guard", "contrast")
PAIRS = "Ingest the chosen and the rejected sides from the same files, and each file in one pair of corpora"
ROWS_PER_FILE = 65_536
KEPT_ROWS = 4 * ROWS_PER_FILE
"""Decoded rows that a reader keeps: a batch at the seam of two epochs touches two windows, each across two files."""
COLUMNS = ["row", "expert", "weight", "z"]
MARGIN = "margin"


def schema(width: int, *, pairs: bool = False) -> pa.Schema:
    """Of features with rows of ``width`` dimensions; with a margin where training reads ``pairs``."""
    return pa.schema(
        [
            ("row", pa.int64()),
            ("part", pa.string()),
            ("expert", pa.float32()),
            ("weight", pa.float32()),
            ("z", pa.list_(pa.float32(), width)),
            *([(MARGIN, pa.float32())] if pairs else []),
        ]
    )


def pair_number(comparison: bytes, expert: float) -> NDArray[np.int64]:
    """``[1]``: the number of one side of a comparison with this 8-byte digest."""
    return row_numbers(comparison, 1) & ~1 | int(expert)


def row_numbers(record: bytes, steps: int) -> NDArray[np.int64]:
    """``[steps]`` in [0, 2⁶³): hashes of a record's 8-byte digest and each of its steps (SplitMix64)."""
    state = np.frombuffer(record[:8], dtype="<u8")[0] + np.arange(steps, dtype=np.uint64) * np.uint64(
        0x9E3779B97F4A7C15
    )
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    numbers: NDArray[np.int64] = ((state ^ (state >> np.uint64(31))) >> np.uint64(1)).astype(np.int64)
    return numbers


@dataclass(frozen=True)
class FeatureFile:
    """One file, and how many rows it has."""

    path: str
    rows: int


class Features:
    """One part of a run's features, read by position; keeps the few files that the last batches needed.

    ``positions`` run over the part in the order of ``row``. Bytes come from the store's file system.
    """

    def __init__(self, store: Store, folder: str, part: Part, *, kept: int = KEPT_ROWS) -> None:
        self._filesystem, root = store.filesystem()
        self._files = list_files(self._filesystem, f"{root}/{folder}", part)
        self._ends = list(accumulate(file.rows for file in self._files))
        self._kept = kept
        self._open: dict[int, Batch] = {}

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def take(self, positions: NDArray[np.int64]) -> Batch:
        """The rows at ``positions``, in that order."""
        owners = np.searchsorted(np.asarray(self._ends), positions, side="right")
        starts = np.asarray([0, *self._ends])
        pieces, places = [], []
        for index in np.unique(owners):
            mine = np.flatnonzero(owners == index)
            local = torch.from_numpy(positions[mine] - starts[index])
            pieces.append(_rows(self._file(int(index)), local))
            places.append(mine)
        back = torch.from_numpy(np.argsort(np.concatenate(places), kind="stable"))
        return _rows(_joined(pieces), back)

    def head(self, rows: int, expert: float | None = None) -> torch.Tensor:
        """``z`` of the first ``rows`` rows (of one class): a fair sample, because the order is a hash's."""
        found: list[torch.Tensor] = []
        for batch in self._batches():
            z = batch.z if expert is None else batch.z[batch.expert == expert]
            found.append(z[: rows - sum(len(part) for part in found)])
            if sum(len(part) for part in found) >= rows:
                break
        return torch.cat(found) if found else torch.zeros(0, 0)

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

    def _batches(self) -> Iterator[Batch]:
        for index in range(len(self._files)):
            yield self._file(index)

    def _file(self, index: int) -> Batch:
        if index not in self._open:
            held = sum(len(batch.row) for batch in self._open.values())
            while self._open and held + self._files[index].rows > self._kept:
                held -= len(self._open.pop(next(iter(self._open))).row)  # the oldest
            self._open[index] = read_file(self._filesystem, self._files[index].path)
        return self._open[index]


def list_files(filesystem: pyarrow.fs.FileSystem, folder: str, part: Part) -> list[FeatureFile]:
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
            found.append(
                (min(r.min for r in ranges), max(r.max for r in ranges), FeatureFile(info.path, footer.num_rows))
            )
    found.sort(key=lambda entry: entry[:2])
    if any(before[1] > after[0] for before, after in pairwise(found)):
        raise ClusterError(f"features in {folder} overlap", todo="Remove that folder and train again")
    return [file for _, _, file in found]


def read_file(filesystem: pyarrow.fs.FileSystem, path: str) -> Batch:
    """One file, sorted by row."""
    names = pq.read_schema(path, filesystem=filesystem).names
    columns = [*COLUMNS, MARGIN] if MARGIN in names else COLUMNS
    table = pq.read_table(path, filesystem=filesystem, columns=columns, partitioning=None)
    table = table.sort_by([("row", "ascending"), ("expert", "ascending"), ("weight", "ascending")]).combine_chunks()
    z = table["z"].combine_chunks()
    width = z.type.list_size
    return Batch(
        z=torch.from_numpy(z.flatten().to_numpy(zero_copy_only=False).reshape(-1, width).copy()),
        expert=_tensor(table["expert"]),
        weight=_tensor(table["weight"]),
        row=_tensor(table["row"]),
        margin=_tensor(table[MARGIN]) if MARGIN in names else None,
    )


def _rows(batch: Batch, index: torch.Tensor) -> Batch:
    margin = None if batch.margin is None else batch.margin[index]
    return Batch(batch.z[index], batch.expert[index], batch.weight[index], batch.row[index], margin)


def _joined(batches: list[Batch]) -> Batch:
    margins = [batch.margin for batch in batches if batch.margin is not None]
    return Batch(
        torch.cat([batch.z for batch in batches]),
        torch.cat([batch.expert for batch in batches]),
        torch.cat([batch.weight for batch in batches]),
        torch.cat([batch.row for batch in batches]),
        torch.cat(margins) if margins else None,
    )


def _tensor(column: pa.ChunkedArray) -> torch.Tensor:
    return torch.from_numpy(column.to_numpy().copy())
