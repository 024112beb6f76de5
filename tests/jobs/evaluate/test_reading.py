from __future__ import annotations

import json
from pathlib import Path

import pytest

from iirl_core.config.suites import GoldenScoresSection, JudgeSection
from iirl_core.errors import ConfigError
from iirl_core.evaluation.judged_row import JudgedRow
from iirl_core.records import RecordFile
from jobs.evaluate.reading import rows_of, scores_in
from tests.jobs.evaluate.asked import write


def test_a_line_that_holds_no_score_costs_that_line_alone(tmp_path: Path) -> None:
    scores = [
        {"source": "a.jsonl", "line": 1, "reward": 0.5},
        {"source": "a.jsonl", "line": 2, "reward": "high"},
        {"source": "a.jsonl", "line": 3, "reward": None, "problem": "no answer"},
        {"source": "a.jsonl", "line": 4, "reward": 2},
        {"line": 5, "reward": 1.0},
    ]
    file = write(tmp_path / "golden.jsonl", scores)
    assert scores_in(GoldenScoresSection(files=[file])) == {("a.jsonl", 1): 0.5, ("a.jsonl", 4): 2.0}


def test_a_line_with_two_golden_scores_is_refused_rather_than_given_the_last_one(tmp_path: Path) -> None:
    said = {"source": "x.jsonl", "line": 1, "reward": 0.1}
    first, other = write(tmp_path / "s.jsonl", [said, said]), write(tmp_path / "t.jsonl", [{**said, "reward": 0.9}])
    assert scores_in(GoldenScoresSection(files=[first])) == {("x.jsonl", 1): 0.1}
    with pytest.raises(ConfigError, match=r"two golden scores of x.jsonl line 1: 0.1 and 0.9 in t.jsonl; expected one"):
        scores_in(GoldenScoresSection(files=[first, other]))


def test_sides_of_a_comparison_are_no_golden_scores_of_its_line(tmp_path: Path) -> None:
    sides = [{"source": "x.jsonl", "line": 1, "side": side, "reward": len(side)} for side in ("chosen", "rejected")]
    file = write(tmp_path / "s.jsonl", [*sides, {"source": "x.jsonl", "line": 2, "side": None, "reward": 1}])
    assert scores_in(GoldenScoresSection(files=[file])) == {("x.jsonl", 2): 1.0}


def test_policies_that_files_are_named_after_keep_their_dots(tmp_path: Path) -> None:
    files = [tmp_path / f"gpt-3.5-turbo{manner}.jsonl" for manner in ("", "_concise")]
    for file in files:
        file.write_text(json.dumps({"prompt": "Open?", "response": "Yes.", "won": 0.5}) + "\n", encoding="utf-8")
    section = JudgeSection(name="judge", files=[str(file) for file in files], judge="won", policy=None)
    rows = list(rows_of(section, [RecordFile(str(file)) for file in files]))
    assert [row.policy for row in rows if isinstance(row, JudgedRow)] == ["gpt-3.5-turbo", "gpt-3.5-turbo_concise"]
