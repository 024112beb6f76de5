from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from iirl_core.artifact import seal
from iirl_core.canonical import Digest, folder_of
from iirl_core.errors import ConfigError, CorpusEmpty, NotFound
from iirl_core.records import document_of
from iirl_core.store import DirectoryStore
from jobs import score
from tests.iirl_core.artifact.samples import text_draft, trajectory_draft, walks


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


@pytest.fixture
def digest(store: DirectoryStore) -> Digest:
    return seal(store, trajectory_draft())


def _jsonl(path: Path, rows: list[object]) -> Path:
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_record_has_a_row_in_order_and_bad_ones_say_why(
    store: DirectoryStore, digest: Digest, tmp_path: Path
) -> None:
    good = [document_of(item) for item in walks(2, seed=3)]
    wrong_kind, wrong_shape = {"prompt": "a", "response": "b"}, {"observations": [[1.0]], "actions": [[1.0]]}
    file = _jsonl(tmp_path / "rows.jsonl.gz", [good[0], "{broken", wrong_kind, wrong_shape, good[1]])
    outcome = score.run(store, digest, file, str(tmp_path / "out.jsonl"))
    lines = _lines(tmp_path / "out.jsonl")
    assert [line["line"] for line in lines] == [1, 2, 3, 4, 5]
    assert [line["error"] is None for line in lines] == [True, False, False, False, True]
    assert "conversation" in str(lines[2]["error"])
    assert outcome.made.startswith("2 rewards of sample 0.1.0; 3 records could not be scored")
    wanted = trajectory_draft().model.read(walks(2, seed=3))
    assert [lines[0]["reward"], lines[4]["reward"]] == pytest.approx([reading.reward for reading in wanted], abs=1e-5)
    assert lines[4]["step_rewards"] == pytest.approx(wanted[1].step_rewards, abs=1e-5)


def test_parquet_holds_the_same_rows_as_jsonl(
    store: DirectoryStore, digest: Digest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "BATCH", 2)
    file = _jsonl(tmp_path / "rows.jsonl", [document_of(item) for item in walks(5, seed=3)] + ["[]"])
    for name in ("out.jsonl", "out.parquet"):
        score.run(store, digest, file, str(tmp_path / name))
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == _lines(tmp_path / "out.jsonl")


def test_an_artifacts_folder_and_standard_output_do_without_names(
    store: DirectoryStore, digest: Digest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _jsonl(tmp_path / "rows.jsonl", [document_of(item) for item in walks(2, seed=3)])
    folder = store.root / "artifacts" / folder_of(digest)
    score.run(DirectoryStore(tmp_path / "empty"), str(folder), file, None)
    assert [json.loads(line)["error"] for line in capsys.readouterr().out.splitlines()] == [None, None]


def test_a_comparison_is_scored_on_both_sides(store: DirectoryStore, tmp_path: Path) -> None:
    question = "Can you help me with tea?"
    compared = {"prompt": question, "chosen": "Of course, I am glad to help.", "rejected": "No. Go away."}
    file = _jsonl(tmp_path / "pairs.jsonl", [compared])
    score.run(store, seal(store, text_draft()), file, str(tmp_path / "out.jsonl"))
    chosen, rejected = _lines(tmp_path / "out.jsonl")
    assert (chosen["side"], rejected["side"]) == ("chosen", "rejected")
    assert float(str(chosen["reward"])) > float(str(rejected["reward"]))
    assert chosen["truncated"] is False


def test_what_cannot_be_done_is_said_and_leaves_no_file(store: DirectoryStore, digest: Digest, tmp_path: Path) -> None:
    bad = _jsonl(tmp_path / "bad.jsonl", ["{broken"])
    out = str(tmp_path / "out.jsonl")
    with pytest.raises(CorpusEmpty, match=r"bad\.jsonl line 1"):
        score.run(store, digest, bad, out)
    with pytest.raises(ConfigError, match="no file and no corpus"):
        score.run(store, digest, tmp_path / "missing.jsonl", out)
    with pytest.raises(ConfigError, match="no file and no corpus"):
        score.run(store, digest, Path("missing"), out)
    with pytest.raises(ConfigError, match=r"\.jsonl or \.parquet"):
        score.run(store, digest, bad, str(tmp_path / "out.csv"))
    with pytest.raises(ConfigError, match="cannot be written"):
        score.run(store, digest, bad, str(tmp_path / "nowhere" / "out.jsonl"))
    with pytest.raises(NotFound):
        score.run(store, "nobody", bad, out)
    assert {path.name for path in tmp_path.iterdir()} == {"bad.jsonl", "store"}
