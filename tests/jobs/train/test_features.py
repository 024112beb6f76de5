"""Features are read by position, in one order, whoever wrote the files and however they were cut."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iirl_core.errors import ClusterError, ConfigError
from iirl_core.store import DirectoryStore
from jobs.train.features import Features, schema
from jobs.train.pipeline import boundaries_of
from jobs.train.rows import Part, pair_number, row_numbers

WIDTH = 3


def write(store: DirectoryStore, name: str, rows: np.ndarray, part: Part = "train", *, weight: float = 1.0) -> None:
    filesystem, root = store.filesystem()
    folder = f"{root}/runs/x/features/part={part}"
    filesystem.create_dir(folder, recursive=True)
    table = pa.table(
        {
            "row": pa.array(rows, pa.int64()),
            "expert": pa.array((rows % 2).astype(np.float32)),
            "weight": pa.array(np.full(len(rows), weight, np.float32)),
            "z": pa.FixedSizeListArray.from_arrays(pa.array(np.repeat(rows, WIDTH).astype(np.float32)), WIDTH),
        }
    )
    pq.write_table(
        table.cast(pa.schema([field for field in schema(WIDTH) if field.name != "part"])),
        f"{folder}/{name}",
        filesystem=filesystem,
    )


def read(store: DirectoryStore, **options: int) -> Features:
    return Features(store, "runs/x/features", "train", **options)


def test_positions_follow_the_row_numbers_whatever_files_they_lie_in(store: DirectoryStore) -> None:
    rows = np.random.default_rng(0).permutation(100)
    write(store, "b.parquet", rows[rows < 30])
    write(store, "a.parquet", rows[rows >= 30])
    features = read(store)
    assert len(features) == 100
    positions = np.array([99, 0, 30, 29, 5, 5])
    batch = features.take(positions)
    assert batch.row.tolist() == positions.tolist()
    assert batch.z.tolist() == [[float(p)] * WIDTH for p in positions]
    assert batch.expert.tolist() == [float(p % 2) for p in positions]


def test_a_reader_that_may_keep_little_reads_the_same(store: DirectoryStore) -> None:
    for start in range(0, 100, 10):
        write(store, f"{start:03d}.parquet", np.arange(start, start + 10))
    positions = np.random.default_rng(1).integers(0, 100, 40)
    features = read(store, kept=20)
    assert features.take(positions).row.tolist() == read(store).take(positions).row.tolist() == positions.tolist()
    assert sum(len(batch.row) for batch in features._open.values()) <= 20


def test_head_and_weights_tell_the_classes_apart(store: DirectoryStore) -> None:
    write(store, "a.parquet", np.arange(10))
    assert read(store).head(3, expert=1.0)[:, 0].tolist() == [1.0, 3.0, 5.0]
    assert len(read(store).head(100)) == 10
    assert read(store).weights() == (5.0, 5.0)


def test_a_part_that_was_never_written_is_empty(store: DirectoryStore) -> None:
    features = Features(store, "runs/x/features", "contrast")
    assert len(features) == 0
    assert len(features.head(10)) == 0


def write_sides(store: DirectoryStore, name: str, numbers: list[int], experts: list[int] | None = None) -> None:
    """Rows with these numbers; the class is the last bit, or as told; the margin is the number."""
    filesystem, root = store.filesystem()
    filesystem.create_dir(f"{root}/runs/x/features/part=train", recursive=True)
    experts = [number % 2 for number in numbers] if experts is None else experts
    columns = {
        "row": numbers,
        "expert": [float(expert) for expert in experts],
        "weight": [1.0] * len(numbers),
        "z": [[float(number)] * WIDTH for number in numbers],
        "margin": [float(number) for number in numbers],
    }
    fields = pa.schema([field for field in schema(WIDTH, pairs=True) if field.name != "part"])
    table = pa.Table.from_pydict(columns, schema=fields)
    pq.write_table(table, f"{root}/runs/x/features/part=train/{name}", filesystem=filesystem)


def test_sides_of_comparisons_lie_beside_each_other_even_across_files(store: DirectoryStore) -> None:
    write_sides(store, "a.parquet", [9, 2, 3, 8, 20])
    write_sides(store, "b.parquet", [41, 21, 40])
    features = read(store)
    features.check_pairs()
    batch = features.take(np.array([4, 5, 0, 1]))
    assert batch.row.tolist() == [20, 21, 2, 3]
    assert batch.expert.tolist() == [0, 1, 0, 1]
    assert batch.margin is not None
    assert batch.margin.tolist() == [20, 21, 2, 3]
    write_sides(store, "c.parquet", [51, 50])
    read(store).check_pairs()


@pytest.mark.parametrize(
    ("numbers", "experts"),
    [
        ([2, 3, 4], None),
        ([2, 3, 5, 8, 9], None),
        ([2, 3, 3, 2], None),
        ([2, 5], None),
        ([2, 3], [1, 1]),
        ([2, 3], [1, 0]),
    ],
)
def test_a_comparison_without_a_side_or_twice_is_refused(
    store: DirectoryStore, numbers: list[int], experts: list[int] | None
) -> None:
    write_sides(store, "a.parquet", numbers, experts)
    with pytest.raises(ConfigError, match="lacks a side"):
        read(store).check_pairs()


def test_the_numbers_of_a_comparison_s_sides_differ_in_the_last_bit() -> None:
    rejected, chosen = (int(pair_number(b"12345678", expert)[0]) for expert in (0.0, 1.0))
    assert rejected % 2 == 0
    assert chosen == rejected + 1
    assert rejected >> 1 == int(row_numbers(b"12345678", 1)[0]) >> 1


def test_features_without_comparisons_have_no_margin(store: DirectoryStore) -> None:
    write(store, "a.parquet", np.arange(10))
    assert read(store).take(np.array([1, 2])).margin is None


def test_files_of_two_runs_at_once_are_refused(store: DirectoryStore) -> None:
    write(store, "a.parquet", np.arange(10))
    write(store, "b.parquet", np.arange(5, 15))
    with pytest.raises(ClusterError, match="overlap"):
        read(store)


def test_row_numbers_are_distinct_non_negative_and_uniform() -> None:
    numbers = np.concatenate([row_numbers(bytes([index] * 8), 1000) for index in range(20)])
    assert len(np.unique(numbers)) == 20_000
    assert numbers.min() >= 0
    counts = np.bincount(numbers >> 60, minlength=8)
    assert len(counts) == 8
    assert abs(counts - 2500).max() < 250
    assert row_numbers(b"12345678", 5).tolist() == row_numbers(b"12345678", 9)[:5].tolist()


def test_boundaries_cut_the_hash_range_evenly() -> None:
    assert len(boundaries_of(10)) == 1
    boundaries = boundaries_of(65_536 * 5)
    assert len(boundaries) == 4
    assert np.ptp(np.diff([0, *boundaries])) <= 1
