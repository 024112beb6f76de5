"""A policy under the engine, as imitation trains it; no Ray."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from iirl_core.config.encoding import LoraSection
from iirl_core.config.training import TrainSection
from iirl_core.encoder.weights import widen
from iirl_core.policy.imitation import Imitation
from iirl_core.policy.reading import read_language_model
from jobs.imitate.turns import TurnBatch
from jobs.train.engine import Engine
from tests.iirl_core.policy.tiny import tiny_policy


@pytest.mark.usefixtures("one_rank")
@pytest.mark.parametrize("adapters", [None, LoraSection(rank=4)], ids=["whole", "adapters"])
@pytest.mark.parametrize("stage", [1, 3])
def test_a_policy_that_was_rounded_before_takes_the_very_steps_in_bf16(
    tmp_path: Path, stage: Literal[1, 3], adapters: LoraSection | None
) -> None:
    tiny_policy("llama", tmp_path)
    section = TrainSection.model_validate({"batch": 2, "zero_stage": stage, "precision": "bf16"})
    one, two = np.ones(2, np.int64), np.array([7, 5])
    rows = TurnBatch(np.arange(5, 17, dtype=np.int32), two, 2 * one, torch.ones(2))
    found = []
    for rounded in (False, True):
        model = read_language_model(tmp_path)
        if rounded:
            widen(model, torch.bfloat16)
        torch.manual_seed(0)
        engine = Engine(Imitation(model, adapters), section, 5)
        losses = [engine.step(step, rows).loss for step in range(5)]
        found.append((losses, engine.weights()))
    (losses, weights), (again, same) = found
    assert again == losses
    assert losses[-1] < losses[0]
    assert weights.keys() == same.keys()
    assert all(torch.equal(same[name], tensor) for name, tensor in weights.items())
