"""What travels with a job, and what must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.submission import JobEnd
from iirl_core.config import Config, load_config
from iirl_core.config.norms import GeometrySection
from iirl_core.errors import BUG, ClusterError, ConfigError
from jobs import submit
from jobs.cli import parse
from jobs.submit import bundle_of, outcome_of, shipped_options, write_bundle

CONFIG = """
name: walks
store: s3://bucket/prefix
corpora:
  - {name: walks, files: ["a/*.jsonl", "b/one.jsonl"]}
  - {name: far, role: negatives, files: ["s3://bucket/far.npz"]}
encoder: {kind: trajectory}
audit: {probes: {far: 10}}
norms:
  - {id: off-path, kind: ceiling, threshold: 0.1, families: [far], rationale: r, owner: o,
     region: {geometry: path.csv, beyond: 0.3, low: [-1], high: [1]}}
serve: {token_file: token}
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    for name, text in {
        "a/one.jsonl": "1",
        "a/two.jsonl": "2",
        "b/one.jsonl": "3",
        "path.csv": "4",
        "token": "5",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "config.yaml").write_text(CONFIG)
    return load_config(tmp_path / "config.yaml")


def test_files_of_equal_names_stay_apart_and_the_shipped_configuration_finds_them(
    config: Config, tmp_path: Path
) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    write_bundle(bundle_of(config), folder)
    shipped = load_config(folder / "config.yaml")
    assert [Path(file).read_text() for file in shipped.corpora[0].files] == ["1", "2", "3"]
    assert all(Path(file).is_relative_to(folder) for file in shipped.corpora[0].files)
    assert isinstance(shipped.norms[0].region, GeometrySection)
    assert Path(shipped.norms[0].region.geometry).read_text() == "4"


def test_what_lies_in_an_object_store_stays_there(config: Config) -> None:
    assert bundle_of(config).config.corpora[1].files == ["s3://bucket/far.npz"]


def test_a_token_never_travels(config: Config) -> None:
    assert not [path for path, _ in bundle_of(config).files if path.name == "token"]


def test_a_store_that_only_this_machine_sees_is_refused(config: Config) -> None:
    with pytest.raises(ConfigError, match="folder of this machine"):
        bundle_of(config.model_copy(update={"store": ".iirl"}))


def test_a_missing_file_is_named(config: Config, tmp_path: Path) -> None:
    (tmp_path / "path.csv").unlink()
    with pytest.raises(ConfigError, match=r"path\.csv"):
        bundle_of(config)


def test_too_much_to_ship_is_refused_with_what_to_do(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "MOST_BYTES", 3)
    with pytest.raises(ConfigError, match="s3://"):
        bundle_of(config)


def test_options_of_the_verb_follow_two_dashes_and_are_checked_here() -> None:
    words = ["submit", "audit", "config.yaml", "--address", "http://head:8265"]
    options = parse([*words, "--", "--budget", "1e7", "--resume"])
    assert (options.verb, options.options) == ("audit", ["--budget", "1e7", "--resume"])
    assert parse(words).options == []
    with pytest.raises(SystemExit):
        parse([*words, "--", "--reorder", "p-1"])


@pytest.mark.parametrize("form", ["--ids {}", "--ids={}"])
def test_the_records_to_forget_travel(tmp_path: Path, form: str) -> None:
    file = tmp_path / "gone.txt"
    file.write_text("sha256:1")
    words, files = shipped_options(["--from-scratch", *form.format(file).split()])
    assert words == ["--from-scratch", *form.format("ids.txt").split()]
    assert files == [(file, "ids.txt")]
    with pytest.raises(ConfigError, match=r"no file at .*nowhere"):
        shipped_options(form.format(tmp_path / "nowhere").split())


def test_files_that_a_verb_would_write_are_refused() -> None:
    with pytest.raises(ConfigError, match="--file is of this machine"):
        shipped_options(["--file", "tasks.json"])


@pytest.mark.parametrize(("code", "passed"), [(0, True), (1, False)])
def test_a_job_that_ran_to_its_end_brings_its_answer(code: int, passed: bool) -> None:
    end = JobEnd("SUCCEEDED" if passed else "FAILED", code, "")
    assert outcome_of("audit", "job-1", "http://head:8265", end).passed is passed


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (JobEnd("FAILED", BUG, "exit 70\nmore"), "job job-1 crashed"),
        (JobEnd("FAILED", 2, "exit 2\nmore"), r"job job-1 ended as FAILED \(exit 2\)"),
        (JobEnd("STOPPED", None, ""), "ended as STOPPED"),
        (JobEnd("FAILED", -9, "killed"), "ended as FAILED"),
    ],
)
def test_a_job_that_did_not_is_no_answer(end: JobEnd, said: str) -> None:
    with pytest.raises(ClusterError, match=said) as caught:
        outcome_of("audit", "job-1", "http://head:8265", end)
    assert "\n" not in str(caught.value)
