"""How our jobs run Ray Data: silent, because their own Progress speaks, in order where the order matters, and not for
ever where what computes dies again and again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from iirl_core.errors import ClusterError
from iirl_core.patience import PATIENCE

RESTARTS = PATIENCE.losses
"""How often an actor is started again in its life where its process ended: ``max_restarts`` of every actor pool. One
that dies at each start (too little memory, a library that does not fit the GPU) Ray Data itself would start for ever.
What an actor raises is never tried again.
"""


@contextmanager
def streaming(*, block_bytes: int | None = None, ordered: bool = False) -> Iterator[None]:
    """Ray Data inside the ``with``: blocks of at most ``block_bytes`` (None: Ray's own target), rows in order if
    ``ordered``. What goes wrong is raised, not printed: as it was raised in a task, or our own errors would be lost in
    Ray Data's. Its log file tells the whole of it.

    Raises:
        ClusterError: an actor died more often than it may be started again.
    """
    from ray.data import DataContext  # seconds

    context = DataContext.get_current().copy()
    if block_bytes is not None:
        context.target_max_block_size = block_bytes
    context.execution_options.preserve_order = ordered
    context.raise_original_map_exception = True
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.issue_detectors_config.detectors = []  # they advise on memory every 30 s, in ten lines
    logger = logging.getLogger("ray.data")
    with ExitStack() as restoring, DataContext.current(context), saying_deaths():
        _raise_level(logger, logging.ERROR, restoring)
        for console in filter(_is_console, logger.handlers):  # an error raised as it is, it takes for a bug of Ray's
            _raise_level(console, logging.CRITICAL + 1, restoring)
        yield


@contextmanager
def saying_deaths() -> Iterator[None]:
    """Inside the ``with`` an actor may die more often than ``RESTARTS``, which is said in one line.

    Raises:
        ClusterError: it did.
    """
    from ray.exceptions import ActorDiedError

    try:
        yield
    except ActorDiedError as error:
        if error.actor_init_failed:  # it raised something, which says more than that it died
            raise
        raise ClusterError(
            f"what computes died {RESTARTS + 1} times",
            "memory enough for it, and libraries that fit the machine",
            "Its last words are in /tmp/ray/session_latest/logs/worker-*.err of its node",
        ) from error


def _is_console(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler)


def _raise_level(one: logging.Logger | logging.Handler, level: int, restoring: ExitStack) -> None:
    restoring.callback(one.setLevel, one.level)
    one.setLevel(level)
