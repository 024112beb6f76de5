from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from iirl_core.config import Config

ANSWERS = {"name": "answers", "model": "untrained", "prompts": "shown"}


def _config(corpora: list[dict[str, Any]], sample: list[dict[str, Any]]) -> Config:
    shown = {"name": "shown", "files": ["shown.jsonl"]}
    return Config.model_validate(
        {
            "name": "model",
            "corpora": [shown, *corpora],
            "sample": sample,
            "encoder": {"kind": "text"},
            "audit": {"probes": {}},
        }
    )


def test_a_corpus_that_is_sampled_has_no_files() -> None:
    config = _config([{"name": "answers", "role": "negatives"}], [ANSWERS])
    assert config.corpora[1].files == []
    assert _config([], [ANSWERS]).sample[0].per_prompt == 1


def test_several_gpus_are_for_the_engine_that_splits_weights_among_them() -> None:
    assert _config([], [{**ANSWERS, "gpus_per_sampler": 2, "engine": "vllm"}]).sample[0].gpus_per_sampler == 2
    assert _config([], [{**ANSWERS, "gpus_per_sampler": 1}]).sample[0].gpus_per_sampler == 1


@pytest.mark.parametrize(
    ("corpora", "sample", "why"),
    [
        ([{"name": "answers", "files": ["answers.jsonl"]}], [ANSWERS], "not both"),
        ([{"name": "answers"}], [], "needs files"),
        ([], [ANSWERS, {**ANSWERS, "model": "other"}], "two have the same name"),
        ([], [{**ANSWERS, "temperature": -1}], "temperature"),
        ([], [{**ANSWERS, "top_p": 0}], "top_p"),
        (
            [],
            [{**ANSWERS, "gpus_per_sampler": 2}],
            "gpus_per_sampler 2 with engine transformers.* at most 1, or engine",
        ),
        ([], [{**ANSWERS, "gpus_per_sampler": 1.5}], r"gpus_per_sampler 1\.5 with engine transformers"),
    ],
)
def test_what_cannot_be_sampled_is_refused(
    corpora: list[dict[str, Any]], sample: list[dict[str, Any]], why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        _config(corpora, sample)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("take", "chosen"),
        ("split", {"train": 0.5, "guard": 0.25, "unseen": 0.25}),
        ("sources", {"untrained": 2.0}),
        ("near_duplicates", 0.8),
        ("decontaminate", ["shown"]),
        ("rows_per_shard", 10),
    ],
)
def test_what_only_ingest_reads_is_refused_of_a_corpus_that_is_sampled(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=rf"nothing reads {key}$|nothing reads {key} "):
        _config([{"name": "answers", key: value}], [ANSWERS])
    told = _config([{"name": "answers"}], [ANSWERS]).model_dump(mode="json")
    assert Config.model_validate(told).corpora[1].name == "answers"
