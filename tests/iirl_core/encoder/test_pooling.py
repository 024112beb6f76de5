from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import torch

from iirl_core.config.encoding import Pooling, TextEncoderSection
from iirl_core.demonstration import conversation
from iirl_core.encoder import fit_encoder, load_encoder, save_encoder
from iirl_core.encoder.pooling import POOLINGS, pool
from iirl_core.encoder.text import TextEncoder
from iirl_core.errors import ConfigError
from tests.iirl_core.encoder.tiny import Kind, tiny

ITEMS = [conversation("Is it open? " * (n % 4), "Yes, " * n + "until six.") for n in range(12)] + [
    conversation("", ""),
    conversation("word " * 100, "short"),
]
EVERY: list[tuple[Kind, Pooling]] = [
    *(("bert", pooling) for pooling in get_args(Pooling)),
    ("llama", "mean"),
    ("llama", "last"),
    ("qwen2", "mean"),
    ("qwen2", "last"),
]


def _encoder(kind: Kind, pooling: Pooling, folder: Path) -> TextEncoder:
    section = TextEncoderSection(model=tiny(kind, folder / kind), pooling=pooling, max_tokens=128, batch=5)
    encoder = fit_encoder(section, [])
    assert isinstance(encoder, TextEncoder)
    return encoder


@pytest.mark.parametrize(("kind", "pooling"), EVERY)
def test_a_row_does_not_depend_on_what_else_is_in_the_batch(kind: Kind, pooling: Pooling, tmp_path: Path) -> None:
    encoder = _encoder(kind, pooling, tmp_path)
    whole = encoder.encode(ITEMS).z
    alone = torch.cat([encoder.encode([item]).z for item in ITEMS])
    assert (whole - alone).abs().max() < 1e-5
    assert (whole[0] - whole[5]).abs().max() > 0.05


@pytest.mark.parametrize(("kind", "pooling"), EVERY)
def test_a_row_is_what_the_model_says_of_the_text_alone(kind: Kind, pooling: Pooling, tmp_path: Path) -> None:
    encoder = _encoder(kind, pooling, tmp_path)
    for item in ITEMS[3:5]:
        ids = torch.tensor([encoder.rendering.tokens(item).ids])
        hidden = encoder.model(input_ids=ids).last_hidden_state[0]
        row = {"mean": hidden.mean(dim=0), "cls": hidden[0], "last": hidden[-1]}[pooling]
        assert torch.allclose(encoder.encode([item]).z[0], row, atol=1e-5)


@pytest.mark.parametrize(("kind", "pooling"), EVERY)
def test_a_saved_encoder_pools_alike(kind: Kind, pooling: Pooling, tmp_path: Path) -> None:
    encoder = _encoder(kind, pooling, tmp_path)
    document = save_encoder(encoder, tmp_path / "saved")
    again = load_encoder(tmp_path / "saved", document)
    assert isinstance(again, TextEncoder)
    assert (document["pooling"], document["padding"], again.rendering.tokenizer.padding_side) == (
        pooling,
        "right",
        "right",
    )
    assert torch.equal(again.encode(ITEMS).z, encoder.encode(ITEMS).z)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_what_stands_behind_a_text_counts_for_nothing(pooling: Pooling) -> None:
    hidden = torch.randn(3, 6, 4)
    mask = torch.arange(6) < torch.tensor([[1], [4], [6]])
    polluted = torch.where(mask.unsqueeze(-1), hidden, torch.tensor(float("nan")))
    rows = pool(polluted, mask.long(), pooling)
    expected = {"mean": hidden[1, :4].mean(dim=0), "cls": hidden[1, 0], "last": hidden[1, 3]}[pooling]
    assert torch.allclose(rows[1], expected)
    assert torch.isfinite(rows).all()


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_the_first_token_of_a_causal_model_cannot_stand_for_a_text(kind: Kind, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sees no other"):
        _encoder(kind, "cls", tmp_path)
