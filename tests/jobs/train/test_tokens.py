"""Tokens are read by position like features; only the rows of one micro-batch are padded together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iirl_core.config.expertness import DiscriminatorSection, JointSection
from iirl_core.config.training import TrainSection
from iirl_core.store import DirectoryStore
from iirl_core.tuning import Texts
from jobs.train.loop import order_of
from jobs.train.tokens import Tokens, schema

ROWS = np.arange(40)
LENGTHS = 1 + ROWS % 7


def write(store: DirectoryStore, name: str, rows: np.ndarray) -> None:
    filesystem, root = store.filesystem()
    folder = f"{root}/runs/x/tokens/part=train"
    filesystem.create_dir(folder, recursive=True)
    table = pa.table(
        {
            "row": pa.array(rows, pa.int64()),
            "expert": pa.array((rows % 2).astype(np.float32)),
            "weight": pa.array(rows.astype(np.float32)),
            "ids": pa.array([[100 * row + i for i in range(LENGTHS[row])] for row in rows], pa.list_(pa.int32())),
            "margin": pa.array(-rows.astype(np.float32)),
            "length": pa.array(rows.astype(np.float32) / 4),
            "strength": pa.array(rows.astype(np.float32) / 8),
        }
    )
    kept = [field for field in schema(pairs=True, lengths=True, strengths=True) if field.name != "part"]
    pq.write_table(table.cast(pa.schema(kept)), f"{folder}/{name}", filesystem=filesystem)


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    store = DirectoryStore(tmp_path / "store")
    shuffled = np.random.default_rng(0).permutation(ROWS)
    write(store, "b.parquet", shuffled[shuffled < 13])
    write(store, "a.parquet", shuffled[shuffled >= 13])
    return Tokens(store, "runs/x/tokens", "train")


def ids_of(texts: Texts) -> list[list[int]]:
    return [part.tolist() for part in np.split(texts.ids, np.cumsum(texts.lengths)[:-1])]


def test_positions_follow_the_row_numbers_whatever_files_they_lie_in(tokens: Tokens) -> None:
    positions = np.array([39, 0, 13, 12, 5, 5])
    texts = tokens.take(positions)
    assert len(tokens) == 40
    assert texts.row.tolist() == texts.weight.tolist() == positions.tolist()
    assert texts.margin is not None
    assert texts.margin.tolist() == (-positions).tolist()
    assert texts.length is not None
    assert texts.length.tolist() == (positions / 4).tolist()
    assert texts.strength is not None
    assert texts.strength.tolist() == (positions / 8).tolist()
    assert ids_of(texts) == [[100 * row + i for i in range(LENGTHS[row])] for row in positions]
    assert tokens.lengths(positions).tolist() == LENGTHS[positions].tolist()
    assert tokens.count() == LENGTHS.sum()


def test_a_batch_is_padded_to_its_own_longest_text_and_the_mask_says_where(tokens: Tokens) -> None:
    tensors = tokens.take(np.array([0, 2, 1])).tensors()
    assert {name: None if one is None else one.tolist() for name, one in tensors.items()} == {
        "ids": [[0, 0, 0], [200, 201, 202], [100, 101, 0]],
        "mask": [[1, 0, 0], [1, 1, 1], [1, 1, 0]],
        "expert": [0.0, 0.0, 1.0],
        "weight": [0.0, 2.0, 1.0],
        "row": [0, 2, 1],
        "margin": [0.0, -2.0, -1.0],
        "length": [0.0, 0.5, 0.25],
        "strength": [0.0, 0.25, 0.125],
    }


def test_batches_are_of_like_length_unless_the_loss_looks_at_lengths_or_at_both_classes(tokens: Tokens) -> None:
    section = TrainSection(batch=8)

    def spread(expertness: DiscriminatorSection | JointSection) -> float:
        order = order_of(tokens, section, 0, 1, expertness)
        return float(np.mean([np.ptp(tokens.lengths(order.positions(step))) for step in range(5)]))

    assert spread(DiscriminatorSection()) < 3
    assert spread(DiscriminatorSection(length_debias=1.0)) > 4
    assert spread(JointSection()) > 4
