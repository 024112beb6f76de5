"""What a cluster has, node by node, because nothing spans two nodes; and refusing what does not fit it."""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.errors import ClusterError, ConfigError


@dataclass(frozen=True)
class Node:
    """CPUs and GPUs of one node; a head that is to do no work offers none."""

    cpus: float
    gpus: float = 0.0

    def room(self, cpus: float, gpus: float) -> int:
        """How many workers of ``cpus`` and ``gpus`` (not both 0) fit."""
        return min(times(have, each) for have, each in ((self.cpus, cpus), (self.gpus, gpus)) if each)


@dataclass(frozen=True)
class Capacity:
    """What a cluster has.

    Raises:
        ClusterError: it has no CPU at all.
    """

    nodes: tuple[Node, ...]

    def __post_init__(self) -> None:
        if self.cpus <= 0:
            raise ClusterError("the cluster offers no CPU", "at least one", "See ray status on its head")

    @property
    def cpus(self) -> float:
        """Of all nodes."""
        return sum(node.cpus for node in self.nodes)

    @property
    def node_cpus(self) -> float:
        """Of the largest node."""
        return max((node.cpus for node in self.nodes), default=0.0)

    def room(self, cpus: float, gpus: float) -> int:
        """How many workers of ``cpus`` and ``gpus`` fit, each on one node."""
        return sum(node.room(cpus, gpus) for node in self.nodes)

    def __str__(self) -> str:
        """Its nodes, in a few words."""
        gpus = max(node.gpus for node in self.nodes)
        largest = f"{self.node_cpus:g} CPUs" + (f" and {gpus:g} GPUs" if gpus else "")
        return f"{len(self.nodes)} {'node' if len(self.nodes) == 1 else 'nodes, each'} of at most {largest}"


def check_room(section: str, part: str, capacity: Capacity, count: int, *, cpus: float, gpus: float) -> None:
    """Refuse where ``count`` of them, exactly as asked for, do not fit; the section's keys call one a ``part``.

    Raises:
        ConfigError: they do not.
    """
    check_gpus(f"{section}.gpus_per_{part}", gpus, count, capacity)
    room = capacity.room(cpus, gpus)
    if room < count:
        beside = f" and {gpus:g} GPUs" if gpus else ""
        raise ConfigError(
            f"{section}.{part}s {count} of {cpus:g} CPUs{beside} each",
            f"at most {room}: {capacity}",
            f"Lower {section}.{part}s or {section}.cpus_per_{part}",
        )


def check_gpus(key: str, each: float, count: int, capacity: Capacity) -> None:
    """Refuse where ``count`` of ``each`` GPUs, as ``key`` asks for them, do not fit.

    Raises:
        ConfigError: they do not.
    """
    if each and capacity.room(0.0, each) < count:
        have = capacity if any(node.gpus for node in capacity.nodes) else "no GPU"
        raise ConfigError(f"{key} {each:g} for {count}, but the cluster has {have}", todo=f"Leave {key} out")


def times(have: float, each: float) -> int:
    """How often ``each`` goes into ``have``; Ray counts in ten-thousandths, so binary fractions cost nothing here."""
    return round(have * 10_000) // max(1, round(each * 10_000))
