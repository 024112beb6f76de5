"""Files and folders of a local disk that survive a kill and a power loss, and what killed processes leave behind."""

from __future__ import annotations

import errno
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

ABANDONED = 24 * 3600.0
"""Seconds without a change after which what lies in ``staging/`` belongs to a process that was killed."""
NO_HARD_LINKS = {errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
"""What a file system answers that has none, or none here."""


def sweep(staging: Path, spared: str) -> None:
    """Remove what nobody has touched for ``ABANDONED`` seconds, but for what is named ``spared``. What others remove
    meanwhile is gone already.
    """
    before = time.time() - ABANDONED
    with suppress(FileNotFoundError):
        for left in staging.iterdir():
            with suppress(OSError):
                newest = max(path.stat().st_mtime for path in (left, *left.rglob("*")))
                if left.name == spared or newest > before:
                    continue
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink()


def link_or_copy(source: Path, target: Path) -> None:
    """A hard link where the file system has them, else a copy of the bytes."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        shutil.copyfile(source, target)


def make_folder(folder: Path) -> None:
    """Make ``folder`` and flush the entry of each new part, so that a file flushed into it survives power loss."""
    missing = []
    here = folder
    while not here.exists():
        missing.append(here)
        here = here.parent
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        flush(made.parent)


def flush(path: Path) -> None:
    """Onto the disk: a file's bytes, or a folder's entries."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_tree(folder: Path) -> None:
    """A folder and all that lies in it."""
    for path in (folder, *folder.rglob("*")):
        flush(path)
