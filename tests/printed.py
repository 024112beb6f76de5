"""What Ray Data prints, in a driver and in a worker."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def printed_by_ray_data() -> Iterator[io.StringIO]:
    """What it sends to the console inside the ``with``, and nothing that Ray says of its own meanwhile. Ray Data's
    handler keeps the stderr that was there when it was imported, so that pytest's ``capfd`` hears nothing of it.
    """
    import ray.data  # noqa: F401 - it makes the handlers

    printed = io.StringIO()
    with ExitStack() as restoring:
        for handler in logging.getLogger("ray.data").handlers:
            if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
                restoring.callback(handler.setStream, handler.stream)
                handler.setStream(printed)
        yield printed
