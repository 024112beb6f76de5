from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.config.suites import GoldenScoresSection
from iirl_core.errors import ConfigError
from jobs.evaluate.reading import scores_in
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
