"""Trackers: what a run's journal says, shown by the tools that people watch training with. TensorBoard always, MLflow
and Weights & Biases when ``train.trackers`` asks for them.

The driver sends lines of the journal, never numbers of its own, and each tracker knows which step it saw last: a run
that goes on after a kill neither repeats nor skips one.
"""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

from iirl_core.errors import ConfigError, one_line
from iirl_core.store import Store, get_or_none
from jobs.console import Progress
from jobs.train.event_files import EventFiles
from jobs.train.journal import METRICS

Service = Literal["mlflow", "wandb"]
EVERY_SECONDS = 10.0
"""How often a run that is under way is looked at."""


@dataclass(frozen=True)
class Line:
    """One step: its numbers by tag, and about when it was taken (seconds since 1970)."""

    step: int
    time: float
    numbers: Mapping[str, float]


class Tracker(Protocol):
    """One tool, for one run."""

    def last(self) -> int:
        """The last step that it was told; 0 before the first."""
        ...

    def write(self, lines: Sequence[Line]) -> None:
        """Tell it more steps, in order."""
        ...

    def close(self) -> None:
        """No more will come from this process."""
        ...


class Tracking:
    """Owns the trackers of the run under ``folder`` (``runs/NAME/RUN``, or ``head`` under that, of which services are
    told nothing). What a tracker cannot do stops no training: it is said, and tried again with the next lines.
    """

    def __init__(self, store: Store, folder: str, services: Sequence[Service], progress: Progress) -> None:
        self._store, self._folder, self._progress = store, folder, progress
        self._trackers: dict[str, Tracker] = {"tensorboard": EventFiles(store, folder)}
        self._services, self._sent = tuple(services), 0.0

    def tick(self) -> None:
        """Send what is new, now and then."""
        if time.monotonic() - self._sent >= EVERY_SECONDS:
            self.send()

    def send(self) -> None:
        """Send what is new."""
        self._sent = time.monotonic()
        names, lines = ("tensorboard", *self._services), list[Line]()
        with self._said(f"{', '.join(names)} cannot be told how training goes"):
            lines = read_lines(self._store, self._folder)
        for name in names:
            with self._said(f"{name} cannot be told how training goes"):
                tracker = self._tracker(name)
                if fresh := lines[_first_after(lines, tracker.last()) :]:
                    tracker.write(fresh)

    def close(self) -> None:
        """Send what is left, and let go."""
        self.send()
        for name, tracker in self._trackers.items():
            with self._said(f"{name} cannot be told that no more comes"):
                tracker.close()

    @contextmanager
    def _said(self, failed: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 (a service that is down must not end a training of days)
            self._progress.say(f"{failed} ({one_line(error)})")

    def _tracker(self, name: str) -> Tracker:
        if name not in self._trackers:  # a run with nothing to tell starts no service
            if name == "mlflow":
                from jobs.train.mlflow_run import MlflowRun

                self._trackers[name] = MlflowRun(self._folder)
            else:
                from jobs.train.wandb_run import WandbRun

                self._trackers[name] = WandbRun(self._store, self._folder)
        return self._trackers[name]


def check_trackers(services: Sequence[Service]) -> None:
    """Nothing to do where the tools that were asked for are installed.

    Raises:
        ConfigError: one is not.
    """
    for name in services:
        if importlib.util.find_spec(name) is None:
            raise ConfigError(f"train.trackers: {name} is not installed", todo=f"Run: pip install 'iirl[{name}]'")


def read_lines(store: Store, folder: str) -> list[Line]:
    """The run's journal so far; empty before its first checkpoint."""
    found = [json.loads(line) for line in (get_or_none(store, f"{folder}/{METRICS}") or b"").splitlines()]
    lines, at = [], time.time()
    for line in reversed(found):
        lines.append(Line(line["step"], at, numbers_of(line)))
        at -= line.get("seconds", 0.0)
    return lines[::-1]


def numbers_of(line: Mapping[str, float]) -> dict[str, float]:
    """A journal's line by the tags under which trackers show it."""
    tags = {name: f"train/{name}" for name in ("loss", "learning_rate", "gradient_norm", "seconds")}
    tags |= {f"held_out_{name}": f"held_out/{name}" for name in ("loss", "accuracy")}
    return {tag: float(line[name]) for name, tag in tags.items() if name in line}


def _first_after(lines: Sequence[Line], step: int) -> int:
    return next((index for index, line in enumerate(lines) if line.step > step), len(lines))
