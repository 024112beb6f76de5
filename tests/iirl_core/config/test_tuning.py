"""What of training a text encoder can be seen to be wrong in the configuration alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.config import Config, load_config
from iirl_core.errors import ConfigError

TUNED = """
name: small
corpora:
  - {name: good, files: [good.jsonl]}
  - {name: bad, role: negatives, files: [bad.jsonl]}
encoder: {kind: text, tuning: full}
expertness: {family: discriminator}
mapping: {kind: sigmoid}
audit: {probes: {empty: 10}}
"""


@pytest.fixture
def load(tmp_path: Path):  # type: ignore[no-untyped-def]
    path = tmp_path / "config.yaml"
    path.write_text(TUNED)

    def loaded(*overrides: str) -> Config:
        return load_config(path, overrides)

    return loaded


def test_full_and_lora_tune_and_frozen_does_not(load) -> None:  # type: ignore[no-untyped-def]
    assert load().tunes
    assert load("encoder.tuning=lora").tunes
    assert not load("encoder.tuning=frozen").tunes
    assert load("expertness.length_debias=0.1").tunes
    assert load("train.gradient_checkpointing=true", "train.offload=cpu", "train.precision=bf16").tunes


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["expertness={family: autoencoder_mixture}"], "says the same of every text"),
        (["encoder.lora={rank: 4}"], "tuning full trains no adapters"),
        (["encoder.tuning=lora", "encoder.lora={rank: 0}"], "greater than or equal to 1"),
        (["encoder.tuning=lora", "encoder.lora={targets: []}"], "at least 1"),
        (["encoder.tuning=frozen", "train.gradient_checkpointing=true"], "needs encoder.tuning"),
        (["encoder.tuning=frozen", "train.head_epochs=1"], "learns alone anyway"),
        (["encoder.tuning=frozen", "encoder.dropout=0.1"], "nothing of a frozen encoder is dropped"),
        (["encoder.dropout=1.0"], "less than 1"),
        (["encoder.layers=0"], "greater than or equal to 1"),
        (["train.workers=4", "train.gpus_per_worker=0.5"], "each rank takes a GPU of its own; take 0 or 1"),
        (["train.precision=bf16", "train.zero_stage=0"], "take 1, 2 or 3"),
        (["train.offload=cpu", "train.zero_stage=0"], "take 1, 2 or 3"),
        (["train.offload=weights", "train.zero_stage=2"], "zero_stage 2; take 3, or cpu"),
        (["train.accumulation=0"], "greater than or equal to 1"),
        (["expertness.length_debias=0.1", "train.accumulation=64"], "at least 16"),
        (["expertness={family: joint}", "train.accumulation=64"], "at least 16"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(load, overrides: list[str], says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match=says) as refused:
        load(*overrides)
    assert "\n" not in str(refused.value)
