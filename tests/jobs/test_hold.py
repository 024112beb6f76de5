"""One process at a time makes a run; who is gone is succeeded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from iirl_core.errors import ClusterError, Conflict
from iirl_core.store import DirectoryStore
from jobs import hold
from jobs.console import Progress
from jobs.hold import FREE, Holder, held

HOLDING = """
import sys, time
from pathlib import Path
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.hold import held
with held(DirectoryStore(Path(sys.argv[1])), "runs/x/hold.json", Progress()):
    print("held", flush=True)
    time.sleep(600)
"""
KEY = "runs/x/hold.json"
QUIET = Progress()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DirectoryStore:
    monkeypatch.setattr(hold, "RENEWED", 0.05)
    monkeypatch.setattr(hold, "SILENCE", 0.5)
    return DirectoryStore(tmp_path / "store")


@pytest.fixture
def other(store: DirectoryStore) -> Iterator[subprocess.Popen[str]]:
    """Another process of this machine that makes the run."""
    process = subprocess.Popen([sys.executable, "-c", HOLDING, store.url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_run_that_another_process_makes_is_refused(
    store: DirectoryStore, other: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "SILENCE", 30.0)  # the other one renews every five seconds
    with pytest.raises(Conflict, match=rf"another process \({other.pid} on .* makes this run"):
        with held(store, KEY, QUIET):
            pytest.fail("both make it")
    with held(store, "runs/y/hold.json", QUIET):
        pass


def test_a_holder_that_was_killed_is_succeeded_at_once(
    store: DirectoryStore, other: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "SILENCE", 600.0)
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    with held(store, KEY, QUIET):
        assert store.get(KEY) != FREE


def test_a_holder_elsewhere_of_whom_nothing_is_heard_is_succeeded(store: DirectoryStore) -> None:
    gone = Holder("elsewhere", 1, "t")
    store.put(KEY, gone.document())
    with held(store, KEY, QUIET):
        assert store.get(KEY) != gone.document()


def test_a_hold_is_renewed_while_it_is_held_and_then_given_back(store: DirectoryStore) -> None:
    with held(store, KEY, QUIET):
        first = store.get(KEY)
        until = time.monotonic() + 30
        while store.get(KEY) == first and time.monotonic() < until:
            time.sleep(0.01)
        assert store.get(KEY) != first
    assert store.get(KEY) == FREE
    with held(store, KEY, QUIET):
        pass


SUCCESSOR = replace(Holder("elsewhere", 1, "t"), renewals=7).document()


def be_succeeded(store: DirectoryStore, error: Exception | None = None) -> None:
    """Lose a hold while it is held, and end in ``error``."""
    with held(store, KEY, QUIET):
        store.put(KEY, SUCCESSOR)
        time.sleep(0.2)
        if error is not None:
            raise error


def test_who_was_succeeded_is_told_and_takes_nothing_from_its_successor(store: DirectoryStore) -> None:
    with pytest.raises(Conflict, match="took this run over"):
        be_succeeded(store)
    assert store.get(KEY) == SUCCESSOR


def test_an_error_within_is_told_also_by_who_was_succeeded(store: DirectoryStore) -> None:
    with pytest.raises(ClusterError, match="mine"):
        be_succeeded(store, ClusterError("mine"))


def test_one_process_makes_a_run_once_at_a_time(store: DirectoryStore) -> None:
    with held(store, KEY, QUIET):
        with pytest.raises(Conflict, match="makes this run"):
            with held(store, KEY, QUIET):
                pytest.fail("both make it")


def test_what_cannot_be_read_is_waited_for_as_a_holder_elsewhere_is(store: DirectoryStore) -> None:
    store.put(KEY, b"?")
    started = time.monotonic()
    with held(store, KEY, QUIET):
        assert time.monotonic() - started >= 0.5


@dataclass(frozen=True)
class Deaf(DirectoryStore):
    """Does what it is asked, and now and then its answer is lost."""

    swaps: list[bytes] = field(default_factory=list)

    def swap(self, key: str, expected: bytes | None, data: bytes) -> None:
        super().swap(key, expected, data)
        self.swaps.append(data)
        if len(self.swaps) % 2 == 0:
            raise ClusterError("no answer")


def test_an_answer_that_was_lost_ends_no_hold(store: DirectoryStore) -> None:
    deaf = Deaf(store.root)
    with held(deaf, KEY, QUIET):
        until = time.monotonic() + 30
        while len(deaf.swaps) < 6 and time.monotonic() < until:
            time.sleep(0.01)
    assert len(deaf.swaps) >= 6
    holders = [Holder(**json.loads(data)) for data in deaf.swaps if data != FREE]
    assert len({one.token for one in holders}) == 1
    assert holders[-1].renewals >= 3
