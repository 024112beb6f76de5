"""TensorBoard's event files, in the store: ``runs/NAME/RUN/tensorboard/events.out.tfevents.FIRST-LAST``.

Each holds the steps in its name, so that the names say what was written. Watch a store in a folder with
``tensorboard --logdir .iirl/runs``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from iirl_core.store.protocol import Store

if TYPE_CHECKING:
    from jobs.train.tracking import Line

PREFIX = "events.out.tfevents."


class EventFiles:
    """Of the run under ``folder``."""

    def __init__(self, store: Store, folder: str) -> None:
        self._store, self._folder = store, f"{folder}/tensorboard"

    def last(self) -> int:
        """From the files' names."""
        names = [key.rpartition("/")[2] for key in self._store.list(f"{self._folder}/{PREFIX}")]
        return max((int(name.rpartition("-")[2]) for name in names), default=0)

    def write(self, lines: Sequence[Line]) -> None:
        """One file more."""
        from tensorboardX import SummaryWriter  # here: a third of a second that only training needs

        name = f"{PREFIX}{lines[0].step:010d}-{lines[-1].step:010d}"
        with TemporaryDirectory() as folder:
            with SummaryWriter(folder, write_to_disk=True) as writer:
                for line in lines:
                    for tag, number in line.numbers.items():
                        writer.add_scalar(tag, number, line.step, walltime=line.time)
            made = next(Path(folder).iterdir())
            self._store.put_file(f"{self._folder}/{name}", made)

    def close(self) -> None:
        """Nothing is held."""
