"""Trains on a Ray of three nodes, with a rank on each of two, and takes one of those two away on the way.

A process of its own, because a process is part of one Ray: ``python -m tests.jobs.train.losing_a_node CONFIG FOLDER
STEP``. FOLDER is the run's place in the store.
"""

from __future__ import annotations

import sys
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

from cluster.session import Session
from iirl_core.config import load_config
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.train import run
from tests.jobs.train.runs import training_workers, when

CPUS = 2
OBJECT_STORE_BYTES = 200 * 2**20


def main(path: str, folder: str, step: int) -> None:
    config = load_config(Path(path))
    store = DirectoryStore(Path(config.store))
    head = {"num_cpus": 0, "object_store_memory": OBJECT_STORE_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    nodes = [cluster.add_node(num_cpus=CPUS, object_store_memory=OBJECT_STORE_BYTES) for _ in range(3)]

    def lose() -> None:
        ranks = {actor["Address"]["NodeID"] for actor in training_workers()}
        lost = next(node for node in nodes if node.node_id in ranks)
        cluster.remove_node(lost, allow_graceful=False)
        print("lost a node", flush=True)

    ray.init(address=cluster.address, log_to_driver=False)
    try:
        losing = when(store, folder, step, lose)
        print(run(Session(store), config, Progress()).made)
        losing.join()
    finally:
        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
