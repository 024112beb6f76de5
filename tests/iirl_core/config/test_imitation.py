from __future__ import annotations

import pytest

from iirl_core.config.imitation import ImitateSection


@pytest.mark.parametrize("train", [{}, {"zero_stage": 2}, {"optimiser": {"weight_decay": 0.1}}])
def test_a_key_that_is_set_leaves_the_other_defaults_of_imitation(train: dict[str, object]) -> None:
    section = ImitateSection.model_validate({"model": "a", "train": train}).train
    assert (section.epochs, section.batch, section.optimiser.learning_rate) == (2, 32, 2e-5)
