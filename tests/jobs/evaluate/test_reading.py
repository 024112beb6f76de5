from __future__ import annotations

from pathlib import Path

from iirl_core.config.suites import GoldenScoresSection
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
