"""What a run of training left in its store, and what it would have left if nothing had happened to it."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from iirl_core.config import Config
from iirl_core.store import DirectoryStore
from jobs.train.engine import Engine
from jobs.train.features import Features
from jobs.train.journal import METRICS, read_place
from jobs.train.loop import TrainingTask, build_model
from jobs.train.order import Order


def lines_of(store: DirectoryStore, folder: str) -> list[dict[str, float]]:
    return [json.loads(line) for line in store.get(f"{folder}/{METRICS}").splitlines()]


def never_stopped(store: DirectoryStore, config: Config, folder: str) -> list[float]:
    """The losses of the same run in this process, from its features, by one rank and without a checkpoint."""
    features = Features(store, f"{folder}/features", "train")
    order = Order(len(features), config.train.batch, config.seed)
    steps = order.steps(config.train.epochs)
    weights = features.weights()
    task = TrainingTask(store.url, folder, config.expertness, config.train, 3, steps, *weights, config.seed)
    engine = Engine(build_model(task), config.train, steps)
    return [engine.step(step, features.take(order.positions(step))).loss for step in range(steps)]


def wait_for(store: DirectoryStore, folder: str, step: int, alive: Callable[[], bool] = lambda: True) -> bool:
    """Whether the run has come to ``step`` while what does it was ``alive``, and within ten minutes."""
    until = time.monotonic() + 600
    while time.monotonic() < until and alive():
        place = read_place(store, folder)
        if place is not None and place.step >= step:
            return True
        time.sleep(0.02)
    return False


def when(store: DirectoryStore, folder: str, step: int, act: Callable[[], None]) -> threading.Thread:
    """``act`` as soon as the run has done ``step`` steps."""

    def watch() -> None:
        if wait_for(store, folder, step):
            act()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def training_workers() -> list[dict[str, Any]]:
    """The ranks of this Ray, not of another, as it describes its actors."""
    import ray._private.state

    actors = ray._private.state.actors().values()
    return [actor for actor in actors if "TrainWorker" in actor["ActorClassName"] and actor["State"] == "ALIVE"]


def kill_when(store: DirectoryStore, folder: str, step: int) -> threading.Thread:
    """SIGKILL one rank as soon as the run has done ``step`` steps."""
    return when(store, folder, step, lambda: os.kill(training_workers()[-1]["Pid"], signal.SIGKILL))
