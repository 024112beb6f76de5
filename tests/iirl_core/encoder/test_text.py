from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from iirl_core.config.encoding import TextEncoderSection
from iirl_core.demonstration import Trajectory, conversation
from iirl_core.encoder import fit_encoder
from iirl_core.encoder.text import TextEncoder
from iirl_core.errors import ConfigError, InputError
from tests.iirl_core.artifact.samples import text_draft, text_encoder

ITEMS = [conversation("Is it open? " * (n % 5), "Yes, " * n + "until six.") for n in range(30)] + [
    conversation("", ""),
    conversation("word " * 500, "short"),
]
FEW = ITEMS[::4] + ITEMS[-2:]


def test_the_signal_does_not_depend_on_what_else_is_in_the_batch() -> None:
    model = text_draft().model
    whole = np.array([reading.signal for reading in model.read(ITEMS)])
    for size, items in ((1, FEW), (3, FEW)):
        parts = [reading.signal for at in range(0, len(items), size) for reading in model.read(items[at : at + size])]
        expected = whole[[ITEMS.index(item) for item in items]]
        assert np.abs(expected - np.array(parts)).max() < 1e-5


def test_results_come_in_the_order_of_the_inputs() -> None:
    encoder = text_encoder()
    forward, backward = encoder.encode(FEW).z, encoder.encode(FEW[::-1]).z
    assert torch.allclose(forward, backward.flip(0), atol=1e-5)
    assert (forward[0] - forward[1]).abs().max() > 0.1


def test_z_is_the_mean_of_the_last_hidden_states() -> None:
    encoder = text_encoder()
    assert isinstance(encoder, TextEncoder)
    item = conversation("Is it open?", "Until six.")
    ids = torch.tensor([encoder.rendering.tokens(item).ids])
    hidden = encoder.model(input_ids=ids).last_hidden_state
    assert torch.allclose(encoder.encode([item]).z, hidden.mean(dim=1), atol=1e-5)
    assert encoder.width == 384


def test_an_empty_answer_is_read_like_any_other() -> None:
    encoded = text_encoder().encode([conversation("Is it open?", "")])
    assert torch.isfinite(encoded.z).all()
    assert encoded.tokens[0] is not None
    assert not encoded.tokens[0].truncated


def test_counts_and_cuts_are_reported() -> None:
    tokens = text_encoder().encode(ITEMS[-2:]).tokens
    assert [token and (token.count, token.truncated) for token in tokens] == [(6, False), (64, True)]


def test_a_trajectory_is_refused() -> None:
    with pytest.raises(InputError, match="trajectory"):
        text_encoder().encode([Trajectory(np.zeros((2, 2), dtype=np.float32))])


def test_a_model_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be loaded"):
        fit_encoder(TextEncoderSection(model=str(tmp_path)), [])


def test_more_tokens_than_the_model_takes_are_refused() -> None:
    text_encoder()
    with pytest.raises(ConfigError, match="at most the model's 512"):
        fit_encoder(TextEncoderSection(max_tokens=1024), [])
