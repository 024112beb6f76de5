"""The steps of a run, as every rank takes them: data, step, report, save; from its last checkpoint to its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import Field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Protocol

import numpy as np
import ray.train
from numpy.typing import NDArray
from safetensors.torch import save_file

from iirl_core.config.training import TrainSection
from iirl_core.store.protocol import Store
from jobs.train.engine import Engine, Rows
from jobs.train.journal import Journal, Place
from jobs.train.order import Order

PLACE = "checkpoint.json"
WEIGHTS = "weights.safetensors"


class SteppedTask(Protocol):
    """What is known of any run: a frozen dataclass. ``folder`` is its place in the store, ``threads`` are a rank's."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def store(self) -> str:
        """The store's URL."""
        ...

    @property
    def folder(self) -> str:
        """The run's place in it."""
        ...

    @property
    def train(self) -> TrainSection:
        """How it is trained."""
        ...

    @property
    def steps(self) -> int:
        """How many there are."""
        ...

    @property
    def threads(self) -> int:
        """Of each rank."""
        ...


class Readable(Protocol):
    """Rows by position."""

    def take(self, positions: NDArray[np.int64]) -> Rows:
        """Those at ``positions``, in that order."""
        ...


def take_steps(
    task: SteppedTask,
    store: Store,
    engine: Engine,
    order: Order,
    rows: Readable,
    *,
    first: Callable[[], None] | None = None,
    last: Callable[[], None] | None = None,
) -> None:
    """Run by all ranks. ``first`` is done before the first step of all, ``last`` after the last one and before its
    checkpoint; who was killed in between does it again.
    """
    rank, ranks = ray.train.get_context().get_world_rank(), ray.train.get_context().get_world_size()
    journal = Journal(store, task.folder, rank)
    start = _resume(engine, journal)
    if start == 0 and first is not None:
        first()
    for step in range(start, task.steps):
        mine = order.positions(step).reshape(ranks, task.train.accumulation, -1)[rank]
        report = engine.step(step, *(rows.take(part) for part in mine))
        place = Place(step + 1, task.steps, order.epoch(step), report.loss)
        journal.note(place, report)
        if place.step == task.steps and last is not None:
            last()
        if place.step % task.train.checkpoint_every == 0 or place.step == task.steps:
            _save(engine, journal, place)


def _resume(engine: Engine, journal: Journal) -> int:
    """The step to go on with; 0 for a fresh task."""
    checkpoint = ray.train.get_checkpoint()
    if checkpoint is None:
        return 0
    with checkpoint.as_directory() as folder:
        engine.restore(Path(folder))
        journal.restore(Path(folder))
        return int(json.loads((Path(folder) / PLACE).read_text(encoding="utf-8"))["step"])


def _save(engine: Engine, journal: Journal, place: Place) -> None:
    """All ranks together; Ray merges their shards. The last checkpoint also holds the whole weights."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        engine.save(folder)
        journal.save(folder)
        weights = engine.weights() if place.step == place.steps else None
        if ray.train.get_context().get_world_rank() == 0:
            (folder / PLACE).write_text(json.dumps(vars(place)), encoding="utf-8")
            if weights is not None:
                save_file(weights, folder / WEIGHTS)
        metrics = {"step": place.step, "epoch": place.epoch, "loss": place.loss}
        ray.train.report(metrics, checkpoint=ray.train.Checkpoint.from_directory(folder))
