"""Trains on a Ray of three nodes, with a rank on each of two, and takes one of those two away on the way.

A process of its own, because a process is part of one Ray: ``python -m tests.jobs.train.losing_a_node CONFIG FOLDER
STEP``. FOLDER is the run's place in the store.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cluster.session import Session
from iirl_core.config import load_config
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.train import run
from tests.jobs.train.runs import training_workers, when
from tests.nodes import three_nodes

CPUS = 2


def main(path: str, folder: str, step: int) -> None:
    config = load_config(Path(path))
    store = DirectoryStore(Path(config.store))
    with three_nodes(CPUS) as nodes:

        def lose() -> None:
            nodes.lose_one_of({actor["Address"]["NodeID"] for actor in training_workers()})

        losing = when(store, folder, step, lose)
        print(run(Session(store), config, Progress()).made)
        losing.join()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
