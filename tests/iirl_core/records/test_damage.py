"""Files with flipped bytes: rows or quarantines, never an error. Fixed seeds."""

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iirl_core.errors import InputError
from iirl_core.records import Quarantined, open_records, parse_record
from iirl_core.records.reading import pieces_of

ARRAYS = {
    "observations": np.arange(20, dtype=np.float32).reshape(10, 2),
    "actions": np.arange(10.0).reshape(10, 1),
    "terminals": np.arange(10) == 4,
}
ROWS = [{"prompt": f"a{i}", "response": "b" * i} for i in range(20)]


def write_npz(path):
    np.savez_compressed(path, **ARRAYS)


def write_hdf5(path):
    with h5py.File(path, "w") as archive:
        for name, array in ARRAYS.items():
            archive[name] = array


def write_minari(path):
    with h5py.File(path, "w") as archive:
        for episode in range(2):
            group = archive.create_group(f"episode_{episode}")
            for name, array in ARRAYS.items():
                group[name] = array


def write_steps(path):
    pq.write_table(pa.table({name: array.tolist() for name, array in ARRAYS.items()}), path)


def write_rows(path):
    pq.write_table(pa.Table.from_pylist(ROWS), path)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("flat.npz", write_npz),
        ("flat.hdf5", write_hdf5),
        ("minari.hdf5", write_minari),
        ("steps.parquet", write_steps),
        ("rows.parquet", write_rows),
    ],
)
def test_flipped_bytes_cost_rows_and_raise_nothing(tmp_path, name, write):
    path = tmp_path / name
    write(path)
    whole = path.read_bytes()
    read = quarantined = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        damaged = bytearray(whole)
        for place in rng.integers(len(whole), size=rng.integers(1, 4)):
            damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        assert pieces_of(path) >= 1
        for row in open_records(path):
            if isinstance(row, Quarantined):
                quarantined += 1
                assert row.file == name
                assert "\n" not in row.reason
                continue
            read += 1
            try:
                parse_record(row.document)
            except InputError:
                quarantined += 1
    assert read
    assert quarantined


@pytest.mark.parametrize(
    ("column", "values"),
    [("episode", ["a", "a", "b"]), ("terminals", [True, None, False]), ("timeouts", ["no", "no", "yes"])],
)
def test_a_column_of_another_type_quarantines_a_file_of_steps(tmp_path, column, values):
    path = tmp_path / "steps.parquet"
    pq.write_table(pa.table({"observations": [[1.0], [2.0], [3.0]], column: values}), path)
    (row,) = open_records(path)
    assert isinstance(row, Quarantined)
    assert column in row.reason
