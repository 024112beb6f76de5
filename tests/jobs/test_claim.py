"""One process at a time makes a run; who is gone is succeeded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from iirl_core.errors import Conflict
from iirl_core.store import DirectoryStore
from jobs import claim
from jobs.claim import CLAIM, FREE, Holder, claimed

HOLDING = """
import sys, time
from pathlib import Path
from iirl_core.store import DirectoryStore
from jobs.claim import claimed
with claimed(DirectoryStore(Path(sys.argv[1])), "runs/x/y"):
    print("held", flush=True)
    time.sleep(600)
"""
KEY = f"runs/x/y/{CLAIM}"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DirectoryStore:
    monkeypatch.setattr(claim, "RENEWED", 0.05)
    monkeypatch.setattr(claim, "PATIENCE", 0.5)
    return DirectoryStore(tmp_path / "store")


@pytest.fixture
def other(store: DirectoryStore) -> Iterator[subprocess.Popen[str]]:
    """Another process of this machine that holds the claim."""
    process = subprocess.Popen([sys.executable, "-c", HOLDING, store.url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_run_that_another_process_makes_is_refused(
    store: DirectoryStore, other: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "PATIENCE", 30.0)  # the other one renews every five seconds
    with pytest.raises(Conflict, match=rf"another process makes this run \(process {other.pid} on "):
        with claimed(store, "runs/x/y"):
            pytest.fail("both make it")
    with claimed(store, "runs/x/z"):
        pass


def test_a_holder_that_was_killed_is_succeeded_at_once(
    store: DirectoryStore, other: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "PATIENCE", 600.0)
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    with claimed(store, "runs/x/y"):
        assert store.get(KEY) != FREE


def test_a_holder_elsewhere_of_whom_nothing_is_heard_is_succeeded(store: DirectoryStore) -> None:
    gone = Holder("elsewhere", 1, "t")
    store.put(KEY, gone.document())
    with claimed(store, "runs/x/y"):
        assert store.get(KEY) != gone.document()


def test_a_claim_is_renewed_while_it_is_held_and_then_given_back(store: DirectoryStore) -> None:
    with claimed(store, "runs/x/y"):
        first = store.get(KEY)
        until = time.monotonic() + 30
        while store.get(KEY) == first and time.monotonic() < until:
            time.sleep(0.01)
        assert store.get(KEY) != first
    assert store.get(KEY) == FREE
    with claimed(store, "runs/x/y"):
        pass


def test_who_was_succeeded_takes_nothing_from_its_successor(store: DirectoryStore) -> None:
    with claimed(store, "runs/x/y"):
        successor = replace(Holder("elsewhere", 1, "t"), renewals=7).document()
        store.put(KEY, successor)
        time.sleep(0.2)
    assert store.get(KEY) == successor
