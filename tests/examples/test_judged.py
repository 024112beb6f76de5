"""The best lesson of the benchmark by commands."""

from __future__ import annotations

import gzip
import json
import runpy
import sys
from pathlib import Path

import pytest

from cluster import Session
from iirl_core.artifact import load_from
from iirl_core.config import load_config
from iirl_core.corpus.identity import identity_and_key, split_of
from iirl_core.demonstration import conversation
from iirl_core.evaluation import parse_evaluation
from iirl_core.release import resolve
from iirl_core.signing import KeyRole, generate_key
from iirl_core.store import DirectoryStore
from jobs import evaluate, ingest, train
from tests.jobs.train.test_job import QUIET

EXAMPLE = Path(__file__).parents[2] / "examples" / "judged"
JUDGE = "preference_over_gpt4_1106_preview"


def make_data(data: Path | None, out: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """The exit code; where ``data`` is None the variable says where they lie."""
    told = [] if data is None else ["--data", str(data)]
    monkeypatch.setattr(sys, "argv", ["make_data.py", *told, "--out", str(out)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(EXAMPLE / "make_data.py"), run_name="__main__")
    return ended.value.code


def rows_of(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


def test_what_is_asked_is_what_the_configuration_leaves_unseen_and_a_judge_saw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IIRL_DATA", str(tmp_path))
    (tmp_path / "alpaca_eval").mkdir()
    for model, judged in (("bold", True), ("NullModel", True), ("shy", False)):
        rows = [{"prompt": f"Question {n}?", "response": f"{model} {n}", "model": model} for n in range(60)]
        lines = [json.dumps({**row, **({JUDGE: 0.5} if judged else {})}) + "\n" for row in rows]
        (tmp_path / "alpaca_eval" / f"{model}.jsonl.gz").write_bytes(gzip.compress("".join(lines).encode()))
    assert make_data(None, tmp_path / "data", monkeypatch) == 0
    asked, fooling = (rows_of(tmp_path / "data" / name) for name in ("asked", "fooling"))
    assert {row["model"] for row in asked} == {"bold"}
    assert {row["model"] for row in fooling} == {"NullModel"}
    assert [row["prompt"] for row in fooling] == [row["prompt"] for row in asked]
    sections = load_config(EXAMPLE / "config.yaml").corpora
    assert all(section.split == sections[0].split for section in sections)
    items = [conversation(f"Question {n}?", "") for n in range(60)]
    unseen = [
        item.messages[0].content for item in items if split_of(identity_and_key(item)[1], sections[0].split) == "unseen"
    ]
    assert sorted(str(row["prompt"]) for row in asked) == sorted(unseen)
    assert 15 < len(unseen) < 45


def test_without_the_data_it_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make_data(tmp_path, tmp_path / "data", monkeypatch) == 2
    assert capsys.readouterr().err.count(str(tmp_path / "alpaca_eval")) == 1


@pytest.mark.real
@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("ray_session")
def test_the_commands_learn_a_reward_that_agrees_with_the_judge(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In little: one layer, few tokens, one epoch of each."""
    assert make_data(data_folder, tmp_path / "data", monkeypatch) == 0
    monkeypatch.setenv("IIRL_DATA", str(data_folder))
    (tmp_path / "config.yaml").write_text((EXAMPLE / "config.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    little = ("encoder.layers=1", "encoder.max_tokens=48", "train.head_epochs=1", "train.epochs=1")
    resources = ("train.cpus_per_worker=1", "evaluate.bootstrap=100")
    places = (f"store={tmp_path / 'store'}", f"keys={tmp_path / 'keys'}")
    config = load_config(tmp_path / "config.yaml", [*little, *resources, *places])
    generate_key(tmp_path / "keys", KeyRole.BUILDER)
    store = DirectoryStore(tmp_path / "store")
    with Session(store) as session:
        for verb in (ingest, train, evaluate):
            verb.run(session, config, QUIET)
    artifact = load_from(store, resolve(store, config.name))
    assert (artifact.manifest.mode, artifact.manifest.supervision) == ("frozen-policy", "weak")
    assert artifact.manifest.has_classifier
    found = parse_evaluation(store.get(evaluate.evaluation_key(artifact)))
    assert found.left_out == dict.fromkeys((section.name for section in config.corpora), 0)
    figures = {one.name: one.value for one in found.estimates}
    assert figures["judge/gpt-4/agreement"] > 0.6
