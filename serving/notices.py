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

from iirl_core.errors import one_line

if TYPE_CHECKING:
    from ray.actor import ActorProxy

log = logging.getLogger("iirl.serving")
SECONDS = 5.0
"""How long the actor may take to answer."""
ROOM = 1000
"""Notices that wait to be printed; more are counted, and stay in the replicas' logs."""


class Notices:
    """An actor that replicas tell, and the process over them asks."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._more = 0

    def tell(self, text: str) -> None:
        """Have ``text`` printed."""
        if len(self._waiting) < ROOM:
            self._waiting.append(text)
        else:
            self._more += 1

    def take(self) -> list[str]:
        """What was told since the last call."""
        more = [f"more of these, in the replicas' logs alone: {self._more:,}"] if self._more else []
        taken, self._waiting, self._more = [*self._waiting, *more], [], 0
        return taken


def start_notices() -> ActorProxy[Notices]:
    """One that lives as long as this process; it takes no CPU, and starts again where its node is lost."""
    return ray.remote(num_cpus=0, max_restarts=-1)(Notices).remote()


class Printer:
    """Prints what replicas told ``notices``, on standard error. Where the actor is away this is said once, and where
    nobody reads nothing is: the replicas' logs have it all, and serving hangs on neither. What the actor was asked for
    and is slow to give is waited for again, not asked for anew: it has let go of it.
    """

    def __init__(self, notices: ActorProxy[Notices]) -> None:
        self._notices, self._away = notices, False
        self._asked: ray.ObjectRef[list[str]] | None = None

    def __call__(self) -> None:
        """Print what is new."""
        for text in self._new():
            try:
                print(f"iirl: {text}", file=sys.stderr, flush=True)
            except OSError:
                return

    def _new(self) -> list[str]:
        told: list[str] = []
        try:
            if self._asked is not None:  # for what was told before then
                told, self._asked = ray.get(self._asked, timeout=SECONDS), None
            self._asked = self._notices.take.remote()
            told, self._asked = [*told, *ray.get(self._asked, timeout=SECONDS)], None
        except ray.exceptions.RayError as error:
            if not isinstance(error, ray.exceptions.GetTimeoutError):
                self._asked = None  # else what it takes meanwhile is printed when it comes
            first, self._away = not self._away, True
            why = f"what replicas have to say is in their logs alone for now ({one_line(error)})"
            return [*told, why] if first else told
        self._away = False
        return told


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
