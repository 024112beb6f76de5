from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from iirl_core.errors import ConfigError
from jobs.imitate.loop import surprise
from jobs.imitate.turns import TurnBatch


class Held:
    """Three turns of two tokens, of which the second is learnt."""

    def __len__(self) -> int:
        return 3

    def take(self, positions: np.ndarray) -> TurnBatch:
        one = np.ones(len(positions), np.int64)
        return TurnBatch(np.zeros(2 * len(positions), np.int32), 2 * one, one, torch.zeros(len(positions)))


def test_surprise_is_that_of_an_answers_token_whatever_turns_weigh() -> None:
    assert surprise(SimpleNamespace(measure=lambda _: 0.5), Held()) == (0.5, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_surprise_that_is_no_number_ends_imitation_with_what_to_do(wrong: float) -> None:
    with pytest.raises(ConfigError, match=r"the surprise of held-out answers is not a number.*Lower optimiser"):
        surprise(SimpleNamespace(measure=lambda _: wrong), Held())  # type: ignore[arg-type]
