"""The loop of imitation, as every rank runs it: training's steps, and held-out answers' surprise before and after."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import ray
import ray.train
import torch

from cluster.store import open_store
from iirl_core.canonical import JsonValue, canonical_json
from iirl_core.config.encoding import LoraSection
from iirl_core.config.training import TrainSection
from iirl_core.store.protocol import Store
from jobs.imitate.turns import Turns
from jobs.train.engine import Engine
from jobs.train.finite import check_number
from jobs.train.order import Order
from jobs.train.stepping import take_steps

if TYPE_CHECKING:
    from ray import ObjectRef
    from transformers import PreTrainedModel

SURPRISE = "surprise.json"
"""Mean negative log probabilities of held-out answer tokens, in nats: ``before`` and ``after``, of ``tokens``."""
HELD_OUT = 512
"""Turns that they are measured on, the first in the order of a hash."""
MEASURED_TOGETHER = 8


@dataclass(frozen=True)
class ImitationTask:
    """One run, as its workers need it. ``folder`` is the run's place in the store; ``model`` is π_init."""

    store: str
    folder: str
    train: TrainSection
    steps: int
    seed: int
    model: ObjectRef[PreTrainedModel]
    adapters: LoraSection | None = None
    threads: int = 1


def imitation_loop(config: dict[str, ImitationTask]) -> None:
    """Run by Ray Train on each rank, from the last checkpoint if there is one."""
    from iirl_core.policy.imitation import Imitation  # transformers takes seconds to import

    task = config["task"]
    torch.set_num_threads(task.threads)
    store = open_store(task.store)
    turns, held = (Turns(store, f"{task.folder}/turns", part) for part in ("train", "guard"))
    order = Order(
        len(turns), task.train.batch, task.seed, lengths=turns.lengths, sorted_together=task.train.sorted_together
    )
    torch.manual_seed(task.seed)  # for the adapters: the same on every rank
    module = Imitation(ray.get(task.model), task.adapters, checkpointing=task.train.gradient_checkpointing)
    engine = Engine(module, task.train, task.steps, seed=task.seed)

    def tell(when: str) -> None:
        nats, tokens = surprise(engine, held)  # on every rank
        if ray.train.get_context().get_world_rank() == 0:
            said = {**_told(store, task.folder), when: nats, "tokens": tokens}
            store.put(f"{task.folder}/{SURPRISE}", canonical_json(said))

    take_steps(task, store, engine, order, turns, first=partial(tell, "before"), last=partial(tell, "after"))


def surprise(engine: Engine, held: Turns) -> tuple[float, int]:
    """Nats per answer token over the first ``HELD_OUT`` turns, and how many tokens that are. Every rank reads the same
    ones: where weights are spread over the ranks, all of them compute together.

    Raises:
        ConfigError: it is not a number, or infinite.
    """
    total, tokens, there = 0.0, 0, min(HELD_OUT, len(held))
    for first in range(0, there, MEASURED_TOGETHER):
        batch = held.take(np.arange(first, min(first + MEASURED_TOGETHER, there), dtype=np.int64))
        batch = replace(batch, weight=torch.ones(len(batch)))
        total += engine.measure(batch) * batch.answers
        tokens += batch.answers
    nats = total / max(1, tokens)
    check_number(nats, "the surprise of held-out answers")
    return nats, tokens


def _told(store: Store, folder: str) -> dict[str, JsonValue]:
    """What was told before."""
    key = f"{folder}/{SURPRISE}"
    return dict(json.loads(store.get(key))) if store.exists(key) else {}
