"""How many workers and actors fit: pure decisions about CPUs and GPUs, node by node, because nothing spans two nodes.

Two silences to avoid (both hang for ever in Ray): an actor pool that takes every CPU leaves none for the tasks that
feed it, so a plan leaves what these ask for free on some node, wherever Ray may place the actors; and what fits on no
node waits for one that never comes, so it is refused here, before anything starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter

from cluster.capacity import Capacity, check_gpus, check_room, times
from iirl_core.config.governance import AuditSection, ServeSection
from iirl_core.config.sampling import SampleSection
from iirl_core.config.training import TrainSection
from iirl_core.errors import ClusterError, ConfigError

FEEDING = 1.0
"""CPUs of one node that the tasks which feed an actor pool need: what one of them asks for. Smaller tasks would fit in
more number, but each starts a Python of its own, and that costs more than reading."""
ASKING = 0.01
"""CPUs of a task that asks scorers, and only waits; there is one for each scorer. Beyond a hundred, fewer may run at a
time: no more than ``FEEDING`` is kept for them."""
ENGINE = 1.0
"""CPUs that an engine of vLLM's needs where its weights are split among GPUs: Ray starts it on a whole one."""
ENCODER_THREADS = 4
"""A small encoder gains little from more threads of one process; more actors gain more."""


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
    """As many scorers as asked for, or as fit beside the tasks that ask them.

    Raises:
        ConfigError: GPUs are asked for and no node has what one scorer needs.
        ClusterError: no node has a CPU for the tasks.
    """
    check_gpus("audit.gpus_per_scorer", section.gpus_per_scorer, 1, capacity)
    room = capacity.room(min(section.cpus_per_scorer, capacity.node_cpus), section.gpus_per_scorer)
    feeding = min(FEEDING, ASKING * min(section.scorers, room))
    return _actors(capacity, section.scorers, section.cpus_per_scorer, section.gpus_per_scorer, feeding=feeding)


def plan_encoders(capacity: Capacity, section: TrainSection) -> ActorPlan:
    """Actors that hold an encoder: one per ``ENCODER_THREADS`` CPUs; where they have GPUs, as many as those of the
    ranks are enough for, or where ranks have none, those of the cluster.

    Raises:
        ConfigError: GPUs are asked for and no node has what one actor needs.
        ClusterError: no node has a whole CPU.
    """
    each, gpus = min(float(ENCODER_THREADS), capacity.node_cpus / 2), gpus_per_encoder(section)
    if not gpus:
        return _actors(capacity, int(capacity.cpus / each), each, 0.0)
    key = "train.gpus_per_worker" if section.gpus_per_encoder is None else "train.gpus_per_encoder"
    check_gpus(key, gpus, 1, capacity)
    ranks = section.workers * section.gpus_per_worker
    enough = max(1, times(ranks, gpus)) if ranks else capacity.room(0.0, gpus)
    return _actors(capacity, enough, each, gpus)


def gpus_per_encoder(section: TrainSection) -> float:
    """Of each actor that encodes."""
    return section.gpus_per_worker if section.gpus_per_encoder is None else section.gpus_per_encoder


def plan_samplers(capacity: Capacity, section: SampleSection) -> ActorPlan:
    """As many samplers as asked for, or as fit, smaller ones where more of these do; never the last CPU. One whose
    weights vLLM splits among GPUs has a CPU for each of them, or what there is, but a whole one.

    Raises:
        ConfigError: GPUs are asked for and no node has what one sampler needs.
        ClusterError: no node has a whole CPU, or where weights are split, one beside the GPUs and another to feed it.
    """
    cpus, gpus = section.cpus_per_sampler, section.gpus_per_sampler
    check_gpus("sample.gpus_per_sampler", gpus, 1, capacity)
    if section.engine == "vllm" and gpus > 1:
        return _actors(capacity, section.samplers, max(cpus, gpus), gpus, least=ENGINE)
    return _actors(capacity, section.samplers, cpus, gpus)


def plan_training(capacity: Capacity, section: TrainSection, name: str = "train") -> TrainingPlan:
    """The ranks of one training job, exactly as asked for: their number changes what a batch is split into. ``name`` is
    the section's in the configuration.

    Raises:
        ConfigError: the cluster does not have what they need, or the batch is smaller than their number.
    """
    cpus, gpus = section.cpus_per_worker, section.gpus_per_worker
    check_room(name, "worker", capacity, section.workers, cpus=cpus, gpus=gpus)
    if section.batch % (section.workers * section.accumulation):
        parts = f" in {section.accumulation} parts each" if section.accumulation > 1 else ""
        raise ConfigError(
            f"{name}.batch {section.batch} over {section.workers} workers{parts}",
            f"a multiple of {name}.workers × {name}.accumulation, so that every part has as many rows",
        )
    threads = max(1, int(section.cpus_per_worker))
    backend = "nccl" if section.gpus_per_worker else "gloo"
    return TrainingPlan(section.workers, section.cpus_per_worker, section.gpus_per_worker, threads, backend)


def check_replicas(capacity: Capacity, section: ServeSection) -> None:
    """Nothing to do where all replicas fit: Ray Serve would wait for ever for the place of one that does not.

    Raises:
        ConfigError: they do not.
    """
    cpus, gpus = section.cpus_per_replica, section.gpus_per_replica
    check_room("serve", "replica", capacity, section.replicas, cpus=cpus, gpus=gpus)


def _actors(
    capacity: Capacity, wanted: int, cpus: float, gpus: float, *, feeding: float = FEEDING, least: float = 0.0
) -> ActorPlan:
    """At most ``wanted`` actors, at least one, beside ``feeding`` CPUs of some node. Smaller ones, by as much, or of
    the ``least`` that they can do with, where more of these fit; on a node that has no more, one that asks for none,
    and shares it, unless there is a least.
    """
    largest = capacity.node_cpus
    if largest < feeding:
        raise ClusterError(f"no node has {feeding:g} CPU to feed the actors with: {capacity}", "a larger node")
    asked = (min(cpus, largest), min(cpus, largest - feeding), least)
    sizes = [each for each in asked if each and each >= least]
    count, each = max(((min(wanted, _fed(capacity, each, gpus, feeding)), each) for each in sizes), key=itemgetter(0))
    if count:
        return ActorPlan(count, each, gpus, max(1, int(min(capacity.cpus / count, largest))))
    if least:
        raise ClusterError(
            f"no node has {least:g} CPU beside {gpus:g} GPUs, and {feeding:g} to feed them with: {capacity}",
            "a larger node",
        )
    return ActorPlan(1, 0.0, gpus, max(1, int(largest)))


def _fed(capacity: Capacity, cpus: float, gpus: float, feeding: float) -> int:
    """How many actors fit such that, wherever Ray places them, some node keeps ``feeding`` CPUs."""
    starving = 0  # the fewest actors that could leave no node enough
    for node in capacity.nodes:
        if node.cpus < feeding:
            continue
        needed = times(node.cpus - feeding, cpus) + 1
        if needed > node.room(cpus, gpus):  # this node cannot be filled so far
            return capacity.room(cpus, gpus)
        starving += needed
    return min(capacity.room(cpus, gpus), starving - 1)
