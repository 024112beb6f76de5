"""Notices: what a replica has to say to whoever runs the server, such as that requests drift.

A replica's own standard error goes nowhere: Ray Serve makes log records of it that are below the level it keeps. So
notices are written to the replica's log file, where an operator of a cluster looks, and, where a process of ours stands
over the replicas, printed on its standard error.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import ray

if TYPE_CHECKING:
    from ray.actor import ActorProxy

log = logging.getLogger("iirl.serving")
SECONDS = 5.0
"""How long the actor may take to answer."""
ROOM = 1000
"""Notices that wait to be printed; the newest are dropped, and stay in the replicas' logs."""


class Notices:
    """An actor that replicas tell, and the process over them asks."""

    def __init__(self) -> None:
        self._waiting: list[str] = []

    def tell(self, text: str) -> None:
        """Have ``text`` printed."""
        if len(self._waiting) < ROOM:
            self._waiting.append(text)

    def take(self) -> list[str]:
        """What was told since the last call."""
        taken, self._waiting = self._waiting, []
        return taken


def start_notices() -> ActorProxy[Notices]:
    """One that lives as long as this process; it takes no CPU, and starts again where its node is lost."""
    return ray.remote(num_cpus=0, max_restarts=-1)(Notices).remote()


def print_notices(notices: ActorProxy[Notices]) -> None:
    """Print what was told. Nothing where the actor is away, or nobody reads: the replicas' logs have it, and serving
    hangs on neither.
    """
    try:
        told = ray.get(notices.take.remote(), timeout=SECONDS)
    except ray.exceptions.RayError:
        return
    for text in told:
        try:
            print(f"iirl: {text}", file=sys.stderr, flush=True)
        except OSError:
            return


class Teller:
    """A replica's side."""

    def __init__(self, notices: ActorProxy[Notices] | None = None) -> None:
        self._notices = notices

    def __call__(self, text: str) -> None:
        """Log ``text``, and have it printed where somebody does."""
        log.warning(text)
        for handler in log.handlers:  # Serve's keeps a thousand records in memory before it writes them
            handler.flush()
        if self._notices is not None:
            self._notices.tell.remote(text)


def log_as_serve_does() -> None:
    """In a replica: write our records where Ray Serve writes its own; it writes those of no other logger."""
    for handler in logging.getLogger("ray.serve").handlers:
        if handler not in log.handlers:
            log.addHandler(handler)
