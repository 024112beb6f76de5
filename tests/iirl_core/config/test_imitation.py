from __future__ import annotations

import pytest
from pydantic import ValidationError

from iirl_core.config.imitation import ImitateSection


@pytest.mark.parametrize("train", [{}, {"zero_stage": 2}, {"optimiser": {"weight_decay": 0.1}}])
def test_a_key_that_is_set_leaves_the_other_defaults_of_imitation(train: dict[str, object]) -> None:
    section = ImitateSection.model_validate({"model": "a", "train": train}).train
    assert (section.epochs, section.batch, section.optimiser.learning_rate) == (2, 32, 2e-5)


def test_a_policy_has_no_head_that_could_learn_first() -> None:
    with pytest.raises(ValidationError, match=r"imitate\.train.head_epochs"):
        ImitateSection.model_validate({"model": "a", "train": {"head_epochs": 1}})
