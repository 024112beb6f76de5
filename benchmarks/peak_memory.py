"""Peak memory of this process and all below it, while something runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

SAMPLE_SECONDS = 0.5


@contextmanager
def peak_memory() -> Iterator[list[float]]:
    """Bytes: the summed proportional set size (shared pages counted once); the peak stands in the list at the end."""
    peak, ended = [0.0], threading.Event()

    def look() -> None:
        peak[0] = max(peak[0], sum(map(_pss, [me, *me.children(recursive=True)])))

    def watch() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            look()

    me = psutil.Process()
    look()
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()
        look()


def _pss(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0.0
