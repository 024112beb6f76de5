"""Weights in the store, by way of files: many gigabytes, more than a request takes or than a host holds twice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors.torch import load_file, save_file
from torch import Tensor

from iirl_core.store.protocol import Store

WEIGHTS = "weights.safetensors"
"""Those that a run ends with, under its folder: with them, it is done."""


def keep_weights(store: Store, key: str, weights: Mapping[str, Tensor]) -> None:
    """Store them under ``key``."""
    with TemporaryDirectory() as name:
        path = Path(name) / WEIGHTS
        save_file(dict(weights), path)
        store.put_file(key, path)


def read_weights(store: Store, key: str) -> dict[str, Tensor]:
    """Those under ``key``, on the CPU.

    Raises:
        NotFound: there are none.
    """
    with TemporaryDirectory() as name:
        weights: dict[str, Tensor] = load_file(store.local_file(key, Path(name)))  # mapped: the name may go
    return weights
