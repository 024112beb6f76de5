"""Who makes a run: one process at a time, because two would write its rows and checkpoints over each other's.

A claim is a small text in the store that its holder renews. It is over when the holder gives it back, when the holder
was a process of this machine that is gone, or when it was not renewed for ``PATIENCE`` seconds, by the clock of who
asks: machines' clocks differ.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from iirl_core.canonical import canonical_json
from iirl_core.errors import Conflict, IirlError, NotFound
from iirl_core.store.protocol import Store

CLAIM = "claim.json"
RENEWED = 5.0
"""Seconds between two renewals."""
PATIENCE = 30.0
"""Seconds without a renewal after which a holder elsewhere counts as gone."""
FREE = b"{}"
"""What lies there once a claim was given back: a store deletes nothing."""


@dataclass(frozen=True)
class Holder:
    """A process of ``machine``; ``token`` tells it from later ones of the same number."""

    machine: str
    pid: int
    token: str
    renewals: int = 0

    def document(self) -> bytes:
        """As it lies in the store."""
        return canonical_json(asdict(self))


@contextmanager
def claimed(store: Store, folder: str) -> Iterator[None]:
    """Within it the run in ``folder`` of the store is this process's.

    Raises:
        Conflict: another process makes it.
        ClusterError: the store cannot be written.
    """
    key, mine = f"{folder}/{CLAIM}", Holder(_machine(), os.getpid(), uuid.uuid4().hex)
    _take(store, key, mine)
    over, last = threading.Event(), [mine]
    renewing = threading.Thread(target=_renew, args=(store, key, last, over), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        over.set()
        renewing.join()
        with suppress(IirlError):  # it is over by itself, soon
            store.swap(key, last[0].document(), FREE)


def _take(store: Store, key: str, mine: Holder) -> None:
    seen = _read(store, key)
    if seen is not None and seen != FREE and not _gone(seen, mine):
        seen = _watched(store, key, seen)
    try:
        store.swap(key, seen, mine.document())
    except Conflict as error:
        raise _taken(_read(store, key)) from error


def _watched(store: Store, key: str, seen: bytes) -> bytes | None:
    """What lies there once its holder has given it back, or has not renewed it for as long as a renewal may take.

    Raises:
        Conflict: it was renewed: its holder lives.
    """
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        now = _read(store, key)
        if now in (None, FREE):
            return now
        if now != seen:
            raise _taken(now)
        time.sleep(RENEWED / 5)
    return seen


def _renew(store: Store, key: str, last: list[Holder], over: threading.Event) -> None:
    while not over.wait(RENEWED):
        new = replace(last[0], renewals=last[0].renewals + 1)
        try:
            store.swap(key, last[0].document(), new.document())
        except Conflict:
            return  # somebody heard nothing of this process for so long that it counts as gone
        except IirlError:
            continue  # the store falters; there is time to try again
        last[0] = new


def _read(store: Store, key: str) -> bytes | None:
    try:
        return store.get(key)
    except NotFound:
        return None


def _gone(seen: bytes, mine: Holder) -> bool:
    """Whether the holder was a process of this machine that runs no more (or had this process's number)."""
    holder = _holder(seen)
    if holder is None or holder.machine != mine.machine:
        return False
    if holder.pid == mine.pid:
        return True
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _holder(seen: bytes | None) -> Holder | None:
    """None where it cannot be read."""
    try:
        return Holder(**json.loads(seen or b""))
    except (ValueError, TypeError):
        return None


def _taken(seen: bytes | None) -> Conflict:
    holder = _holder(seen)
    who = f" (process {holder.pid} on {holder.machine.partition('/')[0]})" if holder else ""
    return Conflict(
        f"another process makes this run{who}", todo="Wait until it ends, or stop it; then run the same command again"
    )


def _machine() -> str:
    """Of this boot of this machine and, in a container, of this container: where a process's number means something."""
    parts = [socket.gethostname()]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        with suppress(OSError):
            parts.append(os.readlink(path) if "/ns/" in path else Path(path).read_text(encoding="ascii").strip())
    return "/".join(parts)
