"""How many workers and actors fit: pure decisions about CPUs and GPUs.

Two silences to avoid (both hang for ever in Ray): an actor pool that takes every CPU leaves none for the tasks that
feed it, so a plan always leaves ``FEEDING`` CPUs free; and a training job that asks for more than the cluster has
waits for nodes that never come, so it is refused here, before anything starts.
"""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.config.governance import AuditSection
from iirl_core.config.learning import TrainSection
from iirl_core.errors import ClusterError, ConfigError

FEEDING = 1.0
"""CPUs that the tasks which feed an actor pool need: what one of them asks for. Smaller tasks would fit in more number,
but each starts a Python of its own, and that costs more than reading."""
ENCODER_THREADS = 4
"""A small encoder gains little from more threads of one process; more actors gain more."""


@dataclass(frozen=True)
class Capacity:
    """What a cluster has: CPUs and GPUs over all its nodes, and the CPUs of its largest node.

    Raises:
        ClusterError: it has no CPU at all.
    """

    cpus: float
    gpus: float
    node_cpus: float

    def __post_init__(self) -> None:
        if self.cpus <= 0 or self.node_cpus <= 0:
            raise ClusterError(f"the cluster offers {self.cpus:g} CPUs", "at least one", "See ray status on its head")


@dataclass(frozen=True)
class ActorPlan:
    """``count`` actors of ``cpus`` and ``gpus`` each, each computing with ``threads`` threads."""

    count: int
    cpus: float
    gpus: float
    threads: int


@dataclass(frozen=True)
class TrainingPlan:
    """``workers`` ranks of ``cpus`` and ``gpus`` each, each computing with ``threads`` threads; ``backend`` is torch's
    collective backend.
    """

    workers: int
    cpus: float
    gpus: float
    threads: int
    backend: str


def plan_scorers(capacity: Capacity, section: AuditSection) -> ActorPlan:
    """As many scorers as asked for, or as fit; never the last CPU.

    Raises:
        ConfigError: GPUs are asked for and there are fewer than one scorer needs.
    """
    _check_gpus("audit.gpus_per_scorer", section.gpus_per_scorer, 1, capacity)
    return _actors(capacity, section.scorers, section.cpus_per_scorer, section.gpus_per_scorer)


def plan_encoders(capacity: Capacity) -> ActorPlan:
    """Actors that hold an encoder: one per ``ENCODER_THREADS`` CPUs."""
    each = min(float(ENCODER_THREADS), capacity.node_cpus / 2)
    return _actors(capacity, int((capacity.cpus - FEEDING) // each), each, 0.0)


def plan_training(capacity: Capacity, section: TrainSection) -> TrainingPlan:
    """The ranks of one training job, exactly as asked for: their number changes what a batch is split into.

    Raises:
        ConfigError: the cluster does not have what they need, or the batch is smaller than their number.
    """
    _check_gpus("train.gpus_per_worker", section.gpus_per_worker, section.workers, capacity)
    needed = section.workers * section.cpus_per_worker
    if needed > capacity.cpus or section.cpus_per_worker > capacity.node_cpus:
        raise ConfigError(
            f"train.workers {section.workers} of {section.cpus_per_worker:g} CPUs need {needed:g}",
            f"at most {capacity.cpus:g} CPUs, {capacity.node_cpus:g} on one node",
            "Lower train.workers or train.cpus_per_worker",
        )
    if section.batch % section.workers:
        raise ConfigError(
            f"train.batch {section.batch} over {section.workers} workers",
            "a multiple of train.workers, so that every rank gets as many rows",
        )
    threads = max(1, int(section.cpus_per_worker))
    backend = "nccl" if section.gpus_per_worker else "gloo"
    return TrainingPlan(section.workers, section.cpus_per_worker, section.gpus_per_worker, threads, backend)


def _actors(capacity: Capacity, wanted: int, cpus: float, gpus: float) -> ActorPlan:
    """At most ``wanted`` actors, at least one; smaller ones where even one would take the CPUs that feed it."""
    free = max(capacity.cpus - FEEDING, capacity.cpus / 2)
    each = min(cpus, free, capacity.node_cpus)
    count = max(1, min(wanted, int(free / each)))
    if gpus:
        count = max(1, min(count, int(capacity.gpus / gpus)))
    return ActorPlan(count, each, gpus, max(1, int(min(capacity.cpus / count, capacity.node_cpus))))


def _check_gpus(key: str, each: float, count: int, capacity: Capacity) -> None:
    if each * count > capacity.gpus:
        have = f"{capacity.gpus:g}" if capacity.gpus else "no GPU"
        raise ConfigError(f"{key} {each:g} for {count}, but the cluster has {have}", todo=f"Set {key} to 0")
