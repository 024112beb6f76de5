"""``iirl evaluate`` with golden scores from a server: the same figures as with the same scores from a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cluster.session import Session
from iirl_core.artifact import load_from
from iirl_core.canonical import Digest
from iirl_core.evaluation import Evaluation, parse_evaluation
from jobs import evaluate
from jobs.evaluate.rating import BATCH
from tests.jobs.evaluate.answering import scoring
from tests.jobs.evaluate.asked import THINGS, judged, make_artifact, make_config, write
from tests.jobs.wheel import quiet

COLOURS = ["red", "green", "old"]


def golden(prompt: str, answer: str) -> float:
    """A score that nobody's reward resembles."""
    return int.from_bytes(hashlib.sha256(f"{prompt}\n{answer}".encode()).digest()[:4], "big") / 2**32


def figures(evaluation: Evaluation, suite: str) -> dict[str, tuple[float, float, float]]:
    prefix = f"best_of_n/{suite}/"
    return {
        one.name.replace(prefix, ""): (one.value, one.low, one.high)
        for one in evaluation.estimates
        if prefix in one.name
    }


@pytest.mark.ray
@pytest.mark.usefixtures("ray_session")
def test_an_endpoint_s_scores_give_the_figures_of_the_same_scores_in_a_file(tmp_path: Path) -> None:
    session, digest = make_artifact(tmp_path)
    rows = [row for thing in THINGS for colour in COLOURS for row in judged(f"{colour} {thing}")]
    answers = write(tmp_path / "answers.jsonl", ["{broken", *rows])
    scores = [
        {"source": "answers.jsonl", "line": line, "reward": golden(str(row["prompt"]), str(row["response"]))}
        for line, row in enumerate(rows, 2)
    ]
    file = {"kind": "scores", "files": [write(tmp_path / "golden.jsonl", scores)]}
    with scoring(golden) as (port, sent):
        endpoint = {"kind": "endpoint", "url": f"http://127.0.0.1:{port}"}
        suites = [
            {"kind": "best_of_n", "name": name, "files": [answers], "golden": source}
            for name, source in (("endpoint", endpoint), ("file", file))
        ]
        evaluation = evaluated(session, tmp_path, digest, suites)
    assert sorted(sent) == [1, len(rows) - 2 * BATCH, BATCH, BATCH], "one row before anything is scored, then batches"
    asked, told = figures(evaluation, "endpoint"), figures(evaluation, "file")
    assert {"golden@1", "golden@4", "win@4"} <= set(asked)
    assert asked == told
    facts = {one.name: (one.rows, one.quarantined, one.golden) for one in evaluation.suites}
    assert facts["endpoint"] == (len(rows), 1, endpoint["url"])
    assert asked["golden@1"][0] == pytest.approx(sum(float(str(one["reward"])) for one in scores) / len(scores))
    assert abs(asked["golden@4"][0] - asked["golden@1"][0]) > 0.001, "what is picked matters"


def evaluated(session: Session, folder: Path, digest: Digest, suites: list[dict[str, object]]) -> Evaluation:
    evaluate.run(session, make_config(folder, *suites), quiet())
    key = evaluate.evaluation_key(load_from(session.store, digest))
    return parse_evaluation(session.store.get(key))
