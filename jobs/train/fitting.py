"""One Ray Train job: from features to weights, through kills and restarts."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

from cluster.failure import failure_of
from cluster.resources import TrainingPlan, plan_training
from cluster.session import Session
from iirl_core.canonical import canonical_json
from iirl_core.errors import ClusterError, one_line
from iirl_core.expertness import LearntInOnePass
from iirl_core.store.protocol import Store
from jobs.console import Progress
from jobs.train.features import Features
from jobs.train.journal import METRICS, read_place
from jobs.train.loop import TrainingTask, build_model, train_loop
from jobs.train.stepping import CHECKPOINTS, SteppedTask
from jobs.train.tracking import Tracking
from jobs.train.weights import WEIGHTS, keep_weights, read_weights

if TYPE_CHECKING:
    from ray.train import Checkpoint
    from ray.train.torch import TorchTrainer

Task = TypeVar("Task", bound=SteppedTask)

POLL_SECONDS = 0.5
CHECKPOINTS_KEPT = 2


def fit(session: Session, task: TrainingTask, progress: Progress) -> dict[str, Tensor]:
    """The trained weights of ``task``. A run that was killed goes on from its last checkpoint; one that is done is only
    read.

    Raises:
        ConfigError: the cluster lacks what ``train`` asks for.
        ClusterError: training failed more often than ``train.max_failures`` allows.
        IirlError: what a worker raised, if it is one of ours.
    """
    store, key = session.store, f"{task.folder}/{WEIGHTS}"
    if not store.exists(key):
        module = build_model(task)
        if isinstance(module, LearntInOnePass):
            weights = _learn(store, task, module)
            Tracking(store, task.folder, task.train.trackers, progress).close()
            return weights
    return fit_steps(session, task, train_loop, progress)


def fit_steps(
    session: Session, task: Task, loop: Callable[[dict[str, Task]], None], progress: Progress
) -> dict[str, Tensor]:
    """As ``fit``, of any run whose steps every rank takes in ``loop``."""
    store, key = session.store, f"{task.folder}/{WEIGHTS}"
    if not store.exists(key):
        plan = plan_training(session.cluster(), task.train)
        tracking = Tracking(store, task.folder, task.train.trackers, progress)
        with _shown(store, task, progress, tracking):
            last = _run(_trainer(store, replace(task, threads=plan.threads), loop, plan))
            _, root = store.filesystem()
            store.copy(f"{last.path.removeprefix(f'{root}/')}/{WEIGHTS}", key)
    return read_weights(store, key)


def _learn(store: Store, task: TrainingTask, module: LearntInOnePass) -> dict[str, Tensor]:
    """One pass over the features, here: there is nothing to share out and nothing to resume."""
    features = Features(store, f"{task.folder}/features", "train")
    module.learn(features.every())
    with torch.no_grad():
        losses = [(len(batch.row), float(module.loss(batch))) for batch in features.every()]
    loss = math.fsum(rows * loss for rows, loss in losses) / sum(rows for rows, _ in losses)
    line = {"step": 1, "epoch": 0, "loss": loss}
    store.put(f"{task.folder}/{METRICS}", canonical_json(line) + b"\n")
    weights = {name: tensor.contiguous() for name, tensor in module.state_dict().items()}
    keep_weights(store, f"{task.folder}/{WEIGHTS}", weights)  # last: with it, the run is done
    return weights


def _trainer(store: Store, task: Task, loop: Callable[[dict[str, Task]], None], plan: TrainingPlan) -> TorchTrainer:
    from ray.train import CheckpointConfig, FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer
    from ray.train.v2.api.config import LoggingConfig

    filesystem, root = store.filesystem()
    resources = {"CPU": plan.cpus, **({"GPU": plan.gpus} if plan.gpus else {})}
    return TorchTrainer(
        loop,
        train_loop_config={"task": task},
        torch_config=TorchConfig(backend=plan.backend),
        scaling_config=ScalingConfig(num_workers=plan.workers, use_gpu=plan.gpus > 0, resources_per_worker=resources),
        run_config=RunConfig(
            name=CHECKPOINTS,
            storage_path=f"{root}/{task.folder}",
            storage_filesystem=filesystem,
            failure_config=FailureConfig(max_failures=task.train.max_failures),
            checkpoint_config=CheckpointConfig(num_to_keep=CHECKPOINTS_KEPT),
            logging_config=LoggingConfig(log_level="ERROR"),
        ),
    )


def _run(trainer: TorchTrainer) -> Checkpoint:
    """The last checkpoint, which holds the final weights; it lies in the store."""
    from ray.train import TrainingFailedError
    from ray.train.v2.api.exceptions import WorkerGroupError

    try:
        checkpoint = trainer.fit().checkpoint
    except TrainingFailedError as error:
        ranks = list(error.worker_failures.values()) if isinstance(error, WorkerGroupError) else [error]
        raise failure_of(ranks[0], "training") from error
    if checkpoint is None:
        raise ClusterError("training ended without a checkpoint", todo="Run the same command again")
    return checkpoint


@contextmanager
def _shown(store: Store, task: SteppedTask, progress: Progress, tracking: Tracking) -> Iterator[None]:
    """Show how far the run says it is, and tell its trackers, for as long as it lasts."""
    over = threading.Event()
    with progress.task("training", total=task.steps) as advance:

        def watch() -> None:
            shown, last, silent = 0, False, False
            while not last:
                last = over.wait(POLL_SECONDS)
                try:
                    now = read_place(store, task.folder)
                except Exception as error:  # noqa: BLE001 (a store that falters must not end what shows, in silence)
                    if not silent:
                        progress.say(f"how far training is cannot be read, and is asked again ({one_line(error)})")
                    silent = True
                    continue
                if now is not None and now.step > shown:
                    advance(now.step - shown)
                    shown = now.step
                    tracking.tick()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
            tracking.close()
