"""A Ray of three nodes on this machine, joined by this process, for what is to lose one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import ray
from ray.cluster_utils import Cluster

OBJECT_STORE_BYTES = 200 * 2**20


class Nodes:
    """Three that work, of ``cpus`` each, beside a head that does not."""

    def __init__(self, cpus: int) -> None:
        head = {"num_cpus": 0, "object_store_memory": OBJECT_STORE_BYTES}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self._all = [self.cluster.add_node(num_cpus=cpus, object_store_memory=OBJECT_STORE_BYTES) for _ in range(3)]

    def lose_one_of(self, ids: set[str]) -> None:
        """Without warning; it says so."""
        lost = next(node for node in self._all if node.node_id in ids)
        self.cluster.remove_node(lost, allow_graceful=False)
        print("lost a node", flush=True)


@contextmanager
def three_nodes(cpus: int) -> Iterator[Nodes]:
    """Gone at the end, whatever happens."""
    nodes = Nodes(cpus)
    ray.init(address=nodes.cluster.address, log_to_driver=False)
    try:
        yield nodes
    finally:
        ray.shutdown()
        nodes.cluster.shutdown()
