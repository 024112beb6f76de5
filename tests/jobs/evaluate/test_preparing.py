"""What would only fail after long work is said before any."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.session import Session
from iirl_core.artifact import seal
from iirl_core.errors import ClusterError, ConfigError, CorpusEmpty, NotFound
from iirl_core.store import DirectoryStore
from jobs.evaluate.preparing import prepare_suites
from tests.iirl_core.artifact.samples import trajectory_draft
from tests.jobs.evaluate.answering import answering, rewards
from tests.jobs.evaluate.asked import judged, make_config, write
from tests.serving.released import free_port


def test_what_is_missing_is_said_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(DirectoryStore(tmp_path / "store"))
    there = write(tmp_path / "there.jsonl", judged("oven"))
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    endpoint = {"kind": "endpoint", "url": "http://127.0.0.1:1", "token_variable": "NO_SUCH_TOKEN"}
    for change, error, reason in (
        ({"files": [str(tmp_path / "nowhere*.jsonl")]}, ConfigError, "no file at .*evaluate.suites: x.files"),
        ({"golden": {"kind": "artifact", "artifact": "nobody"}}, NotFound, "there is no artifact of nobody"),
        ({"golden": {"kind": "scores", "files": [str(tmp_path / "no.jsonl")]}}, ConfigError, "x.golden.files"),
        ({"golden": endpoint}, ConfigError, "NO_SUCH_TOKEN is not set"),
    ):
        suite = {"kind": "best_of_n", "name": "x", "files": [there], "golden": {"kind": "column", "column": "c"}}
        with pytest.raises(error, match=reason):
            prepare_suites(session, make_config(tmp_path, {**suite, **change}))


def test_a_golden_artifact_must_score_answers(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    walker = seal(store, trajectory_draft())
    there = write(tmp_path / "there.jsonl", judged("oven"))
    golden = {"kind": "artifact", "artifact": walker}
    config = make_config(tmp_path, {"kind": "best_of_n", "name": "x", "files": [there], "golden": golden})
    with pytest.raises(ConfigError, match="scores trajectories"):
        prepare_suites(Session(store), config)


def test_two_files_of_one_name_are_refused_for_golden_scores_could_not_tell_them_apart(tmp_path: Path) -> None:
    for folder, score in (("a", 0.1), ("b", 0.9)):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "x.jsonl", judged("oven"))
        write(tmp_path / folder / "s.jsonl", [{"source": "x.jsonl", "line": 1, "reward": score}])
    golden = {"kind": "scores", "files": [str(tmp_path / "*" / "s.jsonl")]}
    suite = {"kind": "best_of_n", "name": "x", "files": [str(tmp_path / "*" / "x.jsonl")], "golden": golden}
    session = Session(DirectoryStore(tmp_path / "store"))
    with pytest.raises(ConfigError, match=r"x\.files are .*/a/x\.jsonl and .*/b/x\.jsonl; expected no two of one name"):
        prepare_suites(session, make_config(tmp_path, suite))


def test_a_file_without_the_judge_s_column_ends_in_one_line(tmp_path: Path) -> None:
    answers = write(tmp_path / "answers.jsonl", judged("oven"))
    unjudged = {"kind": "judge", "name": "x", "files": [answers], "judge": "preference_of_nobody"}
    with pytest.raises(CorpusEmpty, match=r"no row of x can be used \(answers.jsonl line 1: column 'preference_of_nob"):
        prepare_suites(Session(DirectoryStore(tmp_path / "store")), make_config(tmp_path, unjudged))


def test_policies_that_no_row_is_of_are_refused_before_anything_is_scored(tmp_path: Path) -> None:
    unusable = {"prompt": "Open?", "response": "Yes.", "model": "phi-2", "preference": None}
    answers = write(tmp_path / "answers.jsonl", [unusable, *judged("oven")])
    strange = {"kind": "transfer", "name": "x", "files": [answers], "judge": "preference", "seen": ["good", "phi-2"]}
    session = Session(DirectoryStore(tmp_path / "store"))
    with pytest.raises(ConfigError, match=r"x\.seen names phi-2; expected some of bad, curt, good, vague"):
        prepare_suites(session, make_config(tmp_path, strange))
    assert len(prepare_suites(session, make_config(tmp_path, {**strange, "seen": ["good"]}))) == 1


def test_an_endpoint_is_asked_about_one_row_before_anything_is_scored(tmp_path: Path) -> None:
    answers = write(tmp_path / "answers.jsonl", judged("oven"))
    session = Session(DirectoryStore(tmp_path / "store"))

    def prepare(port: int) -> None:
        golden = {"kind": "endpoint", "url": f"http://127.0.0.1:{port}"}
        suite = {"kind": "best_of_n", "name": "x", "files": [answers], "golden": golden}
        prepare_suites(session, make_config(tmp_path, suite))

    with pytest.raises(ClusterError, match=r"/v1/rewards does not answer .*expected a running iirl serve"):
        prepare(free_port())
    with answering((401, {}, b"")) as (port, _), pytest.raises(ConfigError, match=r"refused us \(401\)"):
        prepare(port)
    with answering((200, {}, rewards(0.5))) as (port, sent):
        prepare(port)
        assert len(sent) == 1
