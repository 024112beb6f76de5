"""A policy that cannot be sampled from is refused before anything is sampled, and before Ray starts."""

from __future__ import annotations

from pathlib import Path

import pytest
import ray
from transformers import AutoModelForSequenceClassification

from iirl_core.config import Config
from iirl_core.errors import ConfigError
from jobs.sample import vllm_place
from tests.iirl_core.encoder.tiny import config_of as shape_of
from tests.iirl_core.encoder.tiny import tokenizer_of
from tests.iirl_core.policy.tiny import tiny_policy
from tests.jobs.sample.sampled import config_of, run, with_prompts


def test_the_last_corpus_by_a_template_that_drops_the_answer_is_refused_before_the_first_is_made(
    tmp_path: Path,
) -> None:
    document = config_of(tiny_policy("llama", tmp_path / "policy")).model_dump(mode="json", exclude_unset=True)
    (first,) = document["sample"]
    last = {**first, "name": "more", "chat_template": "{{ messages[0]['content'] }}"}
    config = Config.model_validate({**document, "sample": [first, last]})
    with pytest.raises(ConfigError, match=r"sample\.model '.*policy': the chat template drops the answer"):
        run(with_prompts(tmp_path), config)


@pytest.fixture(params=["transformers", "vllm"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """vLLM as if it were installed, by its build for CPUs."""
    monkeypatch.setattr(vllm_place, "find_spec", lambda name: name)
    monkeypatch.setattr(vllm_place, "version", lambda name: "0.29.0+cpu")
    return str(request.param)


def test_a_model_whose_tokens_see_what_follows_them_is_refused_by_either_engine(engine: str, tmp_path: Path) -> None:
    policy = tiny_policy("bert", tmp_path / "policy")
    before = ray.is_initialized()
    with pytest.raises(ConfigError, match=r"sample\.model '.*policy': a token of a bert .* sees what follows it"):
        run(with_prompts(tmp_path), config_of(policy, engine=engine))
    assert ray.is_initialized() == before


def test_a_classifier_is_refused_before_vllm_would_make_one_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vllm_place, "find_spec", lambda name: name)
    monkeypatch.setattr(vllm_place, "version", lambda name: "0.29.0+cpu")
    tokenizer = tokenizer_of("llama")
    classifier = AutoModelForSequenceClassification.from_config(shape_of("llama", len(tokenizer)))
    for one in (classifier, tokenizer):
        one.save_pretrained(tmp_path / "policy")
    with pytest.raises(ConfigError, match=r"config\.json says LlamaForSequenceClassification"):
        run(with_prompts(tmp_path), config_of(str(tmp_path / "policy"), engine="vllm"))
