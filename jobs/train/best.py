"""The weights of the best evaluation so far, beside the checkpoints: what is sealed when training stops early.

runs/NAME/RUN/best/STEP.safetensors
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from torch import Tensor

from iirl_core.store.durable import link_or_copy
from iirl_core.store.protocol import Store
from jobs.train.weights import keep_weights


def best_key(folder: str, step: int) -> str:
    """Where the weights after ``step`` lie."""
    return f"{folder}/best/{step}.safetensors"


def keep_best(store: Store, folder: str, step: int, weights: Mapping[str, Tensor]) -> None:
    """Store them; again, after a restart, is the same."""
    keep_weights(store, best_key(folder, step), weights)


def write_best(store: Store, folder: str, step: int, path: Path) -> None:
    """Those after ``step`` as the new local file ``path``, which is to be read only."""
    with TemporaryDirectory() as name:
        link_or_copy(store.local_file(best_key(folder, step), Path(name)), path)


def forget_best(store: Store, folder: str, kept: Collection[int]) -> None:
    """Remove all but those of the steps that a restart may still ask for."""
    filesystem, root = store.filesystem()
    for key in list(store.list(f"{folder}/best/")):
        if key not in {best_key(folder, step) for step in kept}:
            filesystem.delete_file(f"{root}/{key}")
