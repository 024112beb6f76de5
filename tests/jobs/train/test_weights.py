"""Weights are read from a file, and outlive it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from iirl_core.errors import NotFound
from iirl_core.store import DirectoryStore
from jobs.train.weights import keep_weights, read_weights
from tests.jobs.train.sparing import SparingStore


def test_weights_come_back_as_they_were_without_their_bytes_passing_through_memory(tmp_path: Path) -> None:
    store, weights = SparingStore(tmp_path / "store"), {"a": torch.arange(5.0), "b": torch.ones(2, 3)}
    keep_weights(store, "runs/x/weights.safetensors", weights)
    found = read_weights(store, "runs/x/weights.safetensors")
    (store.root / "runs/x/weights.safetensors").unlink()
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in weights.items())


def test_what_is_read_can_be_changed_and_the_store_keeps_its_own(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    keep_weights(store, "w", {"a": torch.zeros(3)})
    read_weights(store, "w")["a"].add_(1)
    assert read_weights(store, "w")["a"].tolist() == [0, 0, 0]


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="runs/x/w"):
        read_weights(DirectoryStore(tmp_path / "store"), "runs/x/w")
