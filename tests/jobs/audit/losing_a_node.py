"""Audits on a Ray of three nodes, with a scorer on each of two, and takes one of those two away on the way.

A process of its own, because a process is part of one Ray: ``python -m tests.jobs.audit.losing_a_node CONFIG``.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from cluster.session import Session
from iirl_core.config import load_config
from iirl_core.store import DirectoryStore
from jobs.audit.job import run
from jobs.console import Progress
from tests.nodes import three_nodes


def main(path: str) -> None:
    config = load_config(Path(path))
    store = DirectoryStore(Path(config.store))
    with three_nodes(cpus=1) as nodes:

        def lose() -> None:
            import ray._private.state

            while not any("/parts-" in key for key in store.list("audits/")):
                time.sleep(0.01)
            actors = [actor for actor in ray._private.state.actors().values() if actor["ActorClassName"] == "Scorer"]
            scoring = {actor["Address"]["NodeID"] for actor in actors if actor["State"] == "ALIVE"}
            print(f"scorers on {len(scoring)} nodes", flush=True)
            nodes.lose_one_of(scoring)

        losing = threading.Thread(target=lose, daemon=True)
        losing.start()
        print(run(Session(store), config, Progress()).made)
        losing.join()


if __name__ == "__main__":
    main(sys.argv[1])
