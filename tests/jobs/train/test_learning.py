"""What the head's own run is told, before the encoder is trained with it."""

from __future__ import annotations

from pathlib import Path

from iirl_core.config import Config
from jobs.train.learning import head_alone
from tests.jobs.train.made import tuned_config


def test_the_heads_own_run_is_a_configuration_that_could_stand_by_itself(tmp_path: Path) -> None:
    lora = {"tuning": "lora", "lora": {"rank": 4}, "dropout": 0.1, "layers": 2}
    more = {"gradient_checkpointing": True, "trackers": ["mlflow"], "held_out": {"every": 5}}
    config = tuned_config(tmp_path, "model", lora, epochs=2, head_epochs=7, **more)
    alone = head_alone(config)
    assert Config.model_validate(alone.model_dump(mode="json")) == alone
    assert not alone.tunes
    assert (alone.train.epochs, alone.train.head_epochs, alone.train.trackers) == (7, 0, [])
    assert alone.train.held_out == config.train.held_out
    assert alone.train.optimiser == config.train.optimiser
    assert alone.encoder.kind == "text"
    assert alone.encoder.layers == 2
