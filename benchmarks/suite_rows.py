"""Published answers in the formats of the suites: rows of pairs, RewardBench 1 and 2, and RM-Bench."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.alpaca import DEMONSTRATOR
from iirl_core.corpus.identity import identity_and_key
from iirl_core.demonstration import conversation
from iirl_core.errors import InputError
from iirl_core.evaluation import GRADED, GradedRow, Judged

EASY, LENGTH, HARD = (
    (DEMONSTRATOR, "alpaca-7b"),
    ("llama-2-70b-chat-hf", "guanaco-7b"),
    ("tulu-2-dpo-70b", "text_davinci_003"),
)
"""Who stands against whom in RewardBench's alpacaeval subsets (arXiv 2403.13787, table 1)."""
STRONG = (DEMONSTRATOR, "claude-3-opus-20240229", "gpt4")
WEAK = ("alpaca-7b", "text_davinci_001", "oasst-sft-pythia-12b")
STYLES = ("_concise", "", "_verbose")
"""From plain to fancy."""


def graded_rows(data: Path, prompts: Collection[str], pairs: int) -> dict[str, tuple[str, list[GradedRow]]]:
    """By kind of suite its name here and its rows: of HH the first ``pairs`` comparisons, else of the prompts asked."""
    told = _answers(data / "alpaca_eval", prompts)
    documents: dict[str, tuple[str, Iterator[dict[str, object]]]] = {
        "pairs": ("hh", islice(_lines(data / "hh-rlhf" / "harmless-base-1800.jsonl.gz"), pairs)),
        "rewardbench": ("v1", _first(told)),
        "rewardbench2": ("v2", _second(told)),
        "rm_bench": ("styles", _styles(told)),
    }
    return {kind: (name, list(_read(kind, rows))) for kind, (name, rows) in documents.items()}


def judged_alone(judged: Judged) -> Judged:
    """Without the demonstrator's own answers, which every preference is over."""
    kept = judged.policies != judged.names.index(DEMONSTRATOR)
    columns = ("policies", "rewards", "golden", "clusters", "lengths", "heads")
    return replace(judged, **{name: np.asarray(getattr(judged, name))[kept] for name in columns})


def _lines(path: Path) -> Iterator[dict[str, object]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _answers(folder: Path, prompts: Collection[str]) -> list[tuple[str, dict[str, str]]]:
    """A prompt and everybody's answer to it, where its hash is among ``prompts``."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.jsonl.gz")):
        for row in _lines(path):
            found.setdefault(str(row["prompt"]), {})[path.name.removesuffix(".jsonl.gz")] = str(row["response"])
    return [(one, said) for one, said in found.items() if identity_and_key(conversation(one, ""))[1] in prompts]


def _first(told: Sequence[tuple[str, dict[str, str]]]) -> Iterator[dict[str, object]]:
    for subset, (good, bad) in {"easy": EASY, "length": LENGTH, "hard": HARD}.items():
        for prompt, said in told:
            if good in said and bad in said:
                row = {"prompt": prompt, "chosen": said[good], "rejected": said[bad]}
                yield {**row, "subset": f"alpacaeval-{subset}"}


def _second(told: Sequence[tuple[str, dict[str, str]]]) -> Iterator[dict[str, object]]:
    for number, (prompt, said) in enumerate(told):
        if not set(STRONG) | set(WEAK) <= set(said):
            continue
        right, wrong = [said[name] for name in STRONG], [said[name] for name in WEAK]
        yield {"prompt": prompt, "chosen": right[1:2], "rejected": wrong, "subset": "Focus"}
        yield {"prompt": prompt, "chosen": right, "rejected": wrong, "subset": "Ties", "id": f"tied:{number}"}
        yield {"prompt": prompt, "chosen": right[:1], "rejected": wrong, "subset": "Ties", "id": f"ref:{number}"}


def _styles(told: Sequence[tuple[str, dict[str, str]]]) -> Iterator[dict[str, object]]:
    for prompt, said in told:
        good, bad = ([said.get(name + style) for style in STYLES] for name in EASY)
        if None not in (*good, *bad):
            yield {"prompt": prompt, "chosen": good, "rejected": bad, "domain": "chat"}


def _read(kind: str, rows: Iterator[dict[str, object]]) -> Iterator[GradedRow]:
    """Rows that the suite's reader takes: ``iirl evaluate`` puts the others aside."""
    for row in rows:
        try:
            yield GRADED[kind].read(row)
        except InputError:
            continue
