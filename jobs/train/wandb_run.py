"""A training run in Weights & Biases: as ``WANDB_MODE`` and its other variables say, ``offline`` included."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import wandb

from iirl_core.store import Store, get_or_none

if TYPE_CHECKING:
    from jobs.train.tracking import Line


class WandbRun:
    """The run NAME/RUN of the project NAME; a later process goes on with it. Offline there is nobody to ask how far it
    is, so the store remembers.
    """

    def __init__(self, store: Store, folder: str) -> None:
        self._store, self._key = store, f"{folder}/wandb"
        _, name, run = folder.split("/")
        self._run = wandb.init(
            project=name,
            id=run,
            name=f"{name}/{run}",
            resume="allow" if os.environ.get("WANDB_MODE") != "offline" else None,
            settings=wandb.Settings(silent=True),
        )

    def last(self) -> int:
        """From the store."""
        return int(get_or_none(self._store, self._key) or 0)

    def write(self, lines: Sequence[Line]) -> None:
        """Steps that W&B has seen already it drops by itself."""
        for line in lines:
            self._run.log(dict(line.numbers), step=line.step)
        self._store.put(self._key, str(lines[-1].step).encode())

    def close(self) -> None:
        """Flush."""
        self._run.finish()
