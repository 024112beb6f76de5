"""A journal is one line per step, and goes on where its checkpoint ended."""

from __future__ import annotations

import json
from pathlib import Path

from iirl_core.store import DirectoryStore
from jobs.train.engine import StepReport
from jobs.train.journal import METRICS, Journal, Place, read_place


def note(journal: Journal, *steps: int) -> None:
    for step in steps:
        journal.note(Place(step, 10, 0, 1 / step), StepReport(1 / step, None, 0.1))


def steps_of(data: bytes) -> list[int]:
    return [json.loads(line)["step"] for line in data.splitlines()]


def test_a_resumed_journal_has_every_step_once(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    first, checkpoint = Journal(store, "runs/x", rank=0), tmp_path / "checkpoint"
    checkpoint.mkdir()
    note(first, 1, 2, 3)
    first.save(checkpoint)
    note(first, 4, 5)  # lost with the process
    second = Journal(store, "runs/x", rank=0)
    second.restore(checkpoint)
    note(second, 4, 5, 6)
    second.save(tmp_path)
    assert steps_of(store.get(f"runs/x/{METRICS}")) == [1, 2, 3, 4, 5, 6]
    assert steps_of((tmp_path / METRICS).read_bytes()) == [1, 2, 3, 4, 5, 6]


def test_only_rank_0_writes_and_says_how_far_it_is(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    assert read_place(store, "runs/x") is None
    other = Journal(store, "runs/x", rank=1)
    note(other, 1)
    other.save(tmp_path)
    assert not list(store.list("runs/"))
    mine = Journal(store, "runs/x", rank=0)
    note(mine, 1, 2)
    mine.save(tmp_path)
    assert read_place(store, "runs/x") == Place(2, 10, 0, 0.5)


def test_a_norm_that_nobody_kept_is_left_out(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    journal = Journal(store, "runs/x", rank=0)
    journal.note(Place(1, 2, 0, 0.5), StepReport(0.5, None, 0.1))
    journal.note(Place(2, 2, 0, 0.4), StepReport(0.4, 0.25, 0.1))
    journal.save(tmp_path)
    first, second = (json.loads(line) for line in store.get(f"runs/x/{METRICS}").splitlines())
    assert "gradient_norm" not in first
    assert second["gradient_norm"] == 0.25
