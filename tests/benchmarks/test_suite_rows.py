"""Published answers, put into the suites' formats, are read by the suites' own readers."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from benchmarks.suite_rows import EASY, HARD, LENGTH, STRONG, STYLES, WEAK, graded_rows
from iirl_core.corpus.identity import identity_and_key
from iirl_core.demonstration import conversation

MODELS = {*EASY, *LENGTH, *HARD, *STRONG, *WEAK, *(name + style for name in EASY for style in STYLES)}
PROMPTS = ("Why is the sky blue?", "How do I pay?", "What is a fugue?")


def write(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for model in MODELS:
        rows = [{"prompt": prompt, "response": f"{model} says: {prompt}"} for prompt in PROMPTS]
        write(tmp_path / "alpaca_eval" / f"{model}.jsonl.gz", rows[: 2 if model == "guanaco-7b" else 3])
    talks = [{side: f"\n\nHuman: {name}?\n\nAssistant: {side}." for side in ("chosen", "rejected")} for name in "abc"]
    write(tmp_path / "hh-rlhf" / "harmless-base-1800.jsonl.gz", [{"chosen": "no transcript"}, *talks])
    return tmp_path


def test_rows_are_of_the_prompts_that_are_asked_and_of_who_answered_them(data: Path) -> None:
    asked = {identity_and_key(conversation(prompt, ""))[1] for prompt in PROMPTS[1:]}
    found = {kind: rows for kind, (_, rows) in graded_rows(data, asked, pairs=2).items()}
    assert [row.answers[0].answer for row in found["pairs"]] == ["chosen."], "the first of the two is no comparison"
    subsets = [row.subset for row in found["rewardbench"]]
    assert sorted(subsets) == ["alpacaeval-easy"] * 2 + ["alpacaeval-hard"] * 2 + ["alpacaeval-length"]
    assert {row.subset for row in found["rewardbench2"]} == {"Focus", "Ties"}
    assert {(row.key.partition(":")[0], row.right) for row in found["rewardbench2"] if row.key} == {
        ("tied", 3),
        ("ref", 1),
    }
    for row in found["rm_bench"]:
        assert [one.answer.partition(" says")[0] for one in row.answers] == [
            name + style for name in EASY for style in STYLES
        ]
    said = {
        one.context[0].content
        for rows in (found["rewardbench"], found["rm_bench"])
        for row in rows
        for one in row.answers
    }
    assert said == set(PROMPTS[1:])
