"""A policy that does not fit its template is refused before anything is sampled, and before Ray starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.config import Config
from iirl_core.errors import ConfigError
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
