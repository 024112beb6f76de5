from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from iirl_core.demonstration import Input, Trajectory, conversation
from iirl_core.encoder import Encoded, Encoder
from iirl_core.encoder.remembering import RememberingEncoder
from iirl_core.errors import InputError
from tests.iirl_core.artifact.samples import text_encoder

ITEMS = [conversation("Is it open?", f"Until {hour}.") for hour in range(6)]


class Counting:
    """Counts what reaches the encoder behind it."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder, self.kind, self.width = encoder, encoder.kind, encoder.width
        self.asked: list[Input] = []

    def encode(self, inputs: Sequence[Input]) -> Encoded:
        self.asked += inputs
        return self.encoder.encode(inputs)


def test_each_conversation_is_encoded_once_and_read_alike_ever_after() -> None:
    behind = Counting(text_encoder())
    remembering = RememberingEncoder(behind, capacity=100)
    remembering.encode(ITEMS[:3])
    again = remembering.encode([ITEMS[4], *ITEMS[:3], ITEMS[0], ITEMS[4]])
    assert behind.asked == [*ITEMS[:3], ITEMS[4]]
    expected = text_encoder().encode([ITEMS[4], *ITEMS[:3], ITEMS[0], ITEMS[4]])
    assert torch.allclose(again.z, expected.z, atol=1e-5)
    assert (again.lengths, again.tokens) == (expected.lengths, expected.tokens)


def test_the_oldest_are_forgotten_first() -> None:
    behind = Counting(text_encoder())
    remembering = RememberingEncoder(behind, capacity=2)
    remembering.encode(ITEMS[:3])
    behind.asked.clear()
    remembering.encode(ITEMS[1:3])
    assert behind.asked == []
    remembering.encode(ITEMS[:1])
    assert behind.asked == ITEMS[:1]


def test_what_the_encoder_refuses_is_refused() -> None:
    with pytest.raises(InputError, match="trajectory"):
        RememberingEncoder(text_encoder(), capacity=10).encode([ITEMS[0], Trajectory(np.zeros((2, 3), np.float32))])


def test_nothing_encodes_to_nothing() -> None:
    assert len(RememberingEncoder(text_encoder(), capacity=10).encode([]).z) == 0
