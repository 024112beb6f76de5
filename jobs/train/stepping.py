"""The steps of a run, as every rank takes them: data, step, report, save; from its last checkpoint to its end."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import Field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Protocol

import ray.train
from safetensors.torch import save_file

from iirl_core.config.training import TrainSection
from iirl_core.errors import Tampered
from iirl_core.store.protocol import Store
from jobs.train.engine import SHAPES, Engine
from jobs.train.finite import check_finite
from jobs.train.journal import METRICS, Journal, Place
from jobs.train.judging import Judge, Readable
from jobs.train.order import Order
from jobs.train.weights import WEIGHTS

REACHED = "checkpoint.json"
"""How far a run was when a checkpoint of it was saved, inside it."""
CHECKPOINTS = "training"
"""Where Ray keeps them under a run's folder, and what it finds them by after a restart."""


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


def take_steps(
    task: SteppedTask,
    store: Store,
    engine: Engine,
    order: Order,
    rows: Readable,
    *,
    first: Callable[[], None] | None = None,
    last: Callable[[], None] | None = None,
    held_out: Readable | None = None,
) -> None:
    """Run by all ranks. ``first`` is done before the first step of all, ``last`` after the last one and before its
    checkpoint; who was killed in between does it again. Where there are ``held_out`` rows, training is judged on them
    as ``train.held_out`` says, and may stop early.
    """
    rank, ranks = ray.train.get_context().get_world_rank(), ray.train.get_context().get_world_size()
    journal = Journal(store, task.folder, rank)
    start = _resume(engine, journal, task.folder)
    if start == 0 and first is not None:
        first()
    judge = None
    if held_out is not None and task.train.held_out is not None:
        judge = Judge(store, task.folder, task.train.held_out, held_out, engine=engine, journal=journal)
    for step in range(start, task.steps):
        if judge is not None and judge.over:
            break  # stopped before it was killed: what is to be sealed lies in the last checkpoint
        mine = order.positions(step).reshape(ranks, task.train.accumulation, -1)[rank]
        report = engine.step(step, *(rows.take(part) for part in mine))
        check_finite(report, step + 1)
        place = Place(step + 1, task.steps, order.epoch(step), report.loss)
        journal.note(place, report)
        if judge is not None:
            judge.after(place)
        ends = place.step == task.steps or (judge is not None and judge.over)
        if ends and last is not None:
            last()
        if ends or place.step % task.train.checkpoint_every == 0:
            _save(engine, journal, place, judge, ends=ends)


def _resume(engine: Engine, journal: Journal, run: str) -> int:
    """The step to go on with; 0 for a fresh task.

    Raises:
        ConfigError: the checkpoint under ``run`` is of a module of another shape.
        Tampered: it is not whole.
    """
    checkpoint = ray.train.get_checkpoint()
    if checkpoint is None:
        return 0
    with checkpoint.as_directory() as folder:
        check_whole(Path(folder), run)
        engine.restore(Path(folder))
        journal.restore(Path(folder))
        return int(json.loads((Path(folder) / REACHED).read_text(encoding="utf-8"))["step"])


def check_whole(folder: Path, run: str) -> None:
    """Nothing to do where there are states of the model, each of torch's files is a whole archive (its table of
    contents comes last), and the documents beside them can be read.

    Raises:
        Tampered: one of the checkpoint's is cut short or gone.
    """
    broken = [file for file in sorted(folder.rglob("*.pt")) if not zipfile.is_zipfile(file)]
    broken += [] if any(folder.rglob("*model_states.pt")) else [folder / "the state of the model"]
    broken += [folder / name for name in (SHAPES, REACHED, METRICS) if not _can_be_read(folder / name)]
    if broken:
        raise Tampered(
            f"{broken[0].name} of the last checkpoint under {run}/{CHECKPOINTS} is cut short, gone or another file",
            "the file as it was written",
            f"Restore it, or remove {run}/{CHECKPOINTS} to train from the start",
        )


def _can_be_read(file: Path) -> bool:
    """Whether each line is a JSON object."""
    try:
        return all(isinstance(json.loads(line), dict) for line in file.read_bytes().splitlines())
    except (OSError, ValueError):
        return False


def _save(engine: Engine, journal: Journal, place: Place, judge: Judge | None, *, ends: bool) -> None:
    """All ranks together; Ray merges their shards. The last checkpoint also holds the whole weights: those of the best
    evaluation where training may stop early.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        engine.save(folder)
        journal.save(folder)
        best = judge if judge is not None and judge.seals_best and ends else None
        weights = engine.weights() if ends and best is None else None
        if ray.train.get_context().get_world_rank() == 0:
            (folder / REACHED).write_text(json.dumps(vars(place)), encoding="utf-8")
            if best is not None:
                best.write_best(folder / WEIGHTS)
            if weights is not None:
                save_file(weights, folder / WEIGHTS)
        metrics = {"step": place.step, "epoch": place.epoch, "loss": place.loss}
        ray.train.report(metrics, checkpoint=ray.train.Checkpoint.from_directory(folder))
    if judge is not None:
        judge.saved()
