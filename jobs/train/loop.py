"""The training loop, as every rank runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ray
import torch
from torch import nn

from cluster.store import open_store
from iirl_core.config.encoding import LoraSection
from iirl_core.config.expertness import sees_whole_batches
from iirl_core.config.training import TrainSection
from iirl_core.expertness import Expertness, ExpertnessSection, build_expertness
from iirl_core.expertness.discriminator import Discriminator
from iirl_core.store.protocol import Store
from jobs.train.engine import Engine
from jobs.train.features import Features
from jobs.train.order import Order
from jobs.train.rows import Part
from jobs.train.stepping import take_steps
from jobs.train.tokens import Tokens
from jobs.train.weights import read_weights

if TYPE_CHECKING:
    from ray import ObjectRef

    from iirl_core.encoder.text import TextEncoder


@dataclass(frozen=True)
class TrainingTask:
    """One run, as its workers need it. ``folder`` is the run's place in the store, ``width`` that of a row of z;
    ``demonstrations`` and ``negatives`` are the summed weights of the rows to learn from; ``together`` rows stay side
    by side in a batch: 2 where they are the sides of comparisons. ``encoder`` is the text encoder that is trained, None
    where it is frozen and rows of z are learnt from; ``adapters`` are what of it is trained, None for all, ``dropout``
    what its own layers drop meanwhile, None for what the model says. ``start`` is the key of weights of the expertness
    to begin with (None: fresh ones).
    """

    store: str
    folder: str
    expertness: ExpertnessSection
    train: TrainSection
    width: int
    steps: int
    demonstrations: float
    negatives: float
    seed: int
    threads: int = 1
    together: int = 1
    encoder: ObjectRef[TextEncoder] | None = None
    start: str | None = None
    adapters: LoraSection | None = None
    dropout: float | None = None


def train_loop(config: dict[str, TrainingTask]) -> None:
    """Run by Ray Train on each rank, from the last checkpoint if there is one."""
    task = config["task"]
    torch.set_num_threads(task.threads)
    store, tuned = open_store(task.store), task.encoder is not None
    rows = open_rows(store, task.folder, tuned=tuned)
    order = order_of(rows, task.train, task.seed, task.together, task.expertness)
    engine = Engine(build_module(task), task.train, task.steps, seed=task.seed)
    held_out = open_rows(store, task.folder, tuned=tuned, part="held_out") if task.train.held_out else None
    take_steps(task, store, engine, order, rows, held_out=held_out)


def open_rows(store: Store, folder: str, *, tuned: bool, part: Part = "train") -> Features | Tokens:
    """Rows of a run under ``folder``: tokens where the encoder is ``tuned``, else of z. ``train`` is what it learns
    from, ``held_out`` what it is judged on.
    """
    return Tokens(store, f"{folder}/tokens", part) if tuned else Features(store, f"{folder}/features", part)


def order_of(
    rows: Features | Tokens, section: TrainSection, seed: int, together: int, expertness: ExpertnessSection
) -> Order:
    """In which order they are learnt from: texts in batches of like length, unless the loss is to see how the signal
    goes with length, or needs both classes in every batch: where those differ in length, batches of one length would
    hold hardly any of one of them.
    """
    lengths = rows.lengths if isinstance(rows, Tokens) and not sees_whole_batches(expertness) else None
    return Order(
        len(rows), section.batch, seed, together=together, lengths=lengths, sorted_together=section.sorted_together
    )


def build_module(task: TrainingTask) -> nn.Module:
    """The module that training starts from: the same on every rank."""
    model = build_model(task)
    if task.encoder is None:
        return model
    from iirl_core.tuning.transformer import tuned_of  # transformers takes seconds to import: only for text

    # The engine's bf16 weights are rounded before the master copies are made of them, so nothing is lost here.
    dtype = torch.bfloat16 if task.train.precision == "bf16" else torch.float32
    return tuned_of(
        ray.get(task.encoder),
        model,
        task.adapters,
        checkpointing=task.train.gradient_checkpointing,
        dropout=task.dropout,
        dtype=dtype,
    )


def build_model(task: TrainingTask) -> Expertness:
    """An expertness to start from: fresh, or with a parent's weights."""
    torch.manual_seed(task.seed)
    module = build_expertness(task.expertness, task.width)
    if task.start is not None:
        module.load_state_dict(read_weights(open_store(task.store), task.start))
    if isinstance(module, Discriminator):
        module.balance(task.demonstrations, task.negatives)
    return module
