"""Who makes a run: one process at a time, because two would write its rows and checkpoints over each other's.

A hold is a small text in the store that its holder renews. It is over when the holder gives it back, when the holder
was a process of this machine that is gone, or when it was not renewed for ``SILENCE`` seconds, by the clock of who
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
from iirl_core.errors import Conflict, IirlError
from iirl_core.store import Store, get_or_none
from jobs.console import Progress

HOLD = "hold.json"
RENEWED = 5.0
"""Seconds between two renewals."""
SILENCE = 120.0
"""Seconds without a renewal after which a holder elsewhere counts as gone: more than a request that hangs takes, and is
made again.
"""
TODO = "Wait until it ends, or stop it; then run the same command again"
FREE = b"{}"
"""What lies there once a hold was given back: a store deletes nothing."""
_LIVE: set[str] = set()
"""Tokens of this process's holds."""


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
def held(store: Store, key: str, progress: Progress) -> Iterator[None]:
    """Within it nobody else makes what ``key`` stands for.

    Raises:
        Conflict: another process makes it; or, on leaving, one has taken it over, because this one was silent for so
            long (a laptop that slept).
        ClusterError: the store cannot be written.
    """
    hold = _Hold(store, key, Holder(_machine(), os.getpid(), uuid.uuid4().hex))
    hold.take(progress)
    _LIVE.add(hold.mine.token)
    over = threading.Event()
    renewing = threading.Thread(target=hold.renew, args=(over,), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        over.set()
        renewing.join()
        _LIVE.discard(hold.mine.token)
        hold.give_back()
    if hold.lost:
        raise Conflict(
            "another process took this run over, because nothing was heard of this one",
            todo=TODO,
        )


class _Hold:
    """Owns what lies under ``key``: ``mine``, as it was last seen there, until it is ``lost``."""

    def __init__(self, store: Store, key: str, mine: Holder) -> None:
        self.store, self.key, self.mine, self.lost = store, key, mine, False

    def take(self, progress: Progress) -> None:
        seen = self._read()
        if seen is not None and seen != FREE and not _gone(seen, self.mine):
            seen = self._watched(seen, progress)
        if not self._put(seen, self.mine.document()):
            raise _taken(self._read())

    def renew(self, over: threading.Event) -> None:
        while not self.lost and not over.wait(RENEWED):
            new = replace(self.mine, renewals=self.mine.renewals + 1)
            try:
                if self._put(self.mine.document(), new.document()):
                    self.mine = new
                else:
                    self.lost = True
            except IirlError:
                continue  # the store falters; there is time to try again

    def give_back(self) -> None:
        if not self.lost:
            with suppress(IirlError):  # it is over by itself, soon
                self.lost = not self._put(self.mine.document(), FREE)

    def _put(self, expected: bytes | None, data: bytes) -> bool:
        """Whether ``data`` lies there now. A write whose answer was lost may have been made: then it is ours that lies
        there, and is not what was expected.
        """
        try:
            self.store.swap(self.key, expected, data)
        except Conflict:
            there = self._read()
            holder = _holder(there)
            if there == data:
                return True
            if holder is None or holder.token != self.mine.token:
                return False
            self.store.swap(self.key, there, data)
        return True

    def _watched(self, seen: bytes, progress: Progress) -> bytes | None:
        """What lies there once its holder has given it back, or has not renewed it for as long as that may take.

        Raises:
            Conflict: it was renewed: its holder lives.
        """
        started, told = time.monotonic(), False
        while (silent := time.monotonic() - started) < SILENCE:
            now = self._read()
            if now in (None, FREE):
                return now
            if now != seen:
                raise _taken(now)
            if silent > 2 * RENEWED and not told:
                told = True
                progress.say(f"{_who(seen)} began this run; it is gone if it is silent for {SILENCE:g} s")
            time.sleep(RENEWED / 5)
        return seen

    def _read(self) -> bytes | None:
        return get_or_none(self.store, self.key)


def _gone(seen: bytes, mine: Holder) -> bool:
    """Whether the holder was a process of this machine that runs no more, or an earlier one of this number."""
    holder = _holder(seen)
    if holder is None or holder.machine != mine.machine:
        return False
    if holder.pid == mine.pid:
        return holder.token not in _LIVE
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # another user's: it runs
        return False
    return False


def _holder(seen: bytes | None) -> Holder | None:
    """None where it cannot be read."""
    try:
        return Holder(**json.loads(seen or b""))
    except (ValueError, TypeError):
        return None


def _taken(seen: bytes | None) -> Conflict:
    return Conflict(f"{_who(seen)} makes this run", todo=TODO)


def _who(seen: bytes | None) -> str:
    holder = _holder(seen)
    return "another process" + (f" ({holder.pid} on {holder.machine.partition('/')[0]})" if holder else "")


def _machine() -> str:
    """Of this boot of this machine and, in a container, of this container: where a process's number means something."""
    parts = [socket.gethostname()]
    for path in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        with suppress(OSError):
            parts.append(os.readlink(path) if "/ns/" in path else Path(path).read_text(encoding="ascii").strip())
    return "/".join(parts)
