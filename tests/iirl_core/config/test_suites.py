"""``evaluate.suites`` as a user writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.artifact.environment import portable_config
from iirl_core.canonical import canonical_json
from iirl_core.config import Config, load_config
from iirl_core.errors import ConfigError

HEAD = """
name: sample
corpora: [{name: shown, files: [shown.jsonl]}]
encoder: {kind: ENCODER}
audit: {probes: {}}
evaluate:
  suites:
"""


def load(folder: Path, *suites: str, encoder: str = "text") -> Config:
    path = folder / "config.yaml"
    path.write_text(
        HEAD.replace("ENCODER", encoder)
        + "".join(f"    - {suite}\n" for suite in suites)
        + ("" if suites else "    []\n")
    )
    return load_config(path)


def test_paths_are_made_absolute_and_name_environment_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCHES", "/data/benches")
    golden = "{kind: scores, files: [golden.jsonl]}"
    config = load(
        tmp_path,
        "{kind: pairs, name: a, files: [a.jsonl, '${BENCHES}/*.parquet', s3://bucket/a.jsonl]}",
        f"{{kind: best_of_n, name: b, files: [b.jsonl], golden: {golden}}}",
    )
    first, second = config.evaluate.suites
    assert first.files == [str(tmp_path / "a.jsonl"), "/data/benches/*.parquet", "s3://bucket/a.jsonl"]
    assert second.kind == "best_of_n"
    assert second.golden.kind == "scores"
    assert second.golden.files == [str(tmp_path / "golden.jsonl")]


@pytest.mark.parametrize(
    ("suites", "reason"),
    [
        (["{kind: poetry, name: a, files: [a]}"], "evaluate.suites.0.*'poetry'"),
        (["{kind: pairs, name: a, files: []}"], "at least 1 item"),
        (["{kind: judge, name: a, files: [a]}"], "suites.0.judge: Field required"),
        (["{kind: pairs, name: a, files: [a], judge: b}"], "unknown key"),
        (["{kind: pairs, name: a, files: [a]}", "{kind: rm_bench, name: a, files: [b]}"], "two are called a"),
        (["{kind: pairs, name: shown, files: [a]}"], "shown is the name of a corpus"),
        (["{kind: pairs, name: a, files: ['$NOT_SET_HERE/a']}"], "environment variable that is not set"),
        (
            ["{kind: best_of_n, name: a, files: [a], golden: {kind: endpoint, url: 'http://me:secret@host'}}"],
            "golden.url",
        ),
        (
            ["{kind: best_of_n, name: a, files: [a], golden: {kind: endpoint, url: http://h, token: x}}"],
            "golden.token: unknown key",
        ),
    ],
)
def test_what_cannot_be_a_suite_is_one_line(tmp_path: Path, suites: list[str], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        load(tmp_path, *suites)


def test_a_model_of_trajectories_is_not_asked_about_answers(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give the model a text encoder"):
        load(tmp_path, "{kind: pairs, name: a, files: [a]}", encoder="trajectory")


def test_what_an_artifact_is_asked_about_is_no_part_of_it(tmp_path: Path) -> None:
    with_suite = portable_config(load(tmp_path, "{kind: pairs, name: a, files: [a]}"))
    assert str(tmp_path).encode() not in canonical_json(with_suite)
    assert with_suite == portable_config(load(tmp_path))
