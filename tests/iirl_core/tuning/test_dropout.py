"""What a transformer drops while it is trained is what the configuration says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from iirl_core.config.encoding import LoraSection
from iirl_core.errors import ConfigError
from iirl_core.tuning.transformer import check_tuning, tuned_of
from tests.iirl_core.encoder.tiny import Kind, tiny
from tests.iirl_core.tuning.samples import conversations, encoder_of, head, texts


def losses(model: str, dropout: float | None) -> tuple[float, float]:
    """Of one batch, drawn twice."""
    encoder = encoder_of(model)
    tuned, batch = tuned_of(encoder, head(encoder.width), dropout=dropout), texts(encoder, conversations())
    torch.manual_seed(1)
    return tuple(float(tuned(**batch.tensors()).detach()) for _ in range(2))  # type: ignore[return-value]


def dropping(kind: Kind, folder: Path) -> str:
    """A tiny model whose own layers drop half."""
    name, path = tiny(kind, folder), folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    half = {key: 0.5 for key in config if key.endswith(("attention_dropout", "dropout_prob"))}
    assert half
    path.write_text(json.dumps({**config, **half}), encoding="utf-8")
    return name


@pytest.mark.parametrize("kind", ["bert", "llama", "qwen2"])
def test_nothing_is_dropped_where_dropout_is_0(kind: Kind, tmp_path: Path) -> None:
    model = dropping(kind, tmp_path)
    first, second = losses(model, None)
    assert first != second, "its own is at work"
    first, second = losses(model, 0.0)
    assert first == second


@pytest.mark.parametrize(("kind", "none"), [("bert", "0.0"), ("llama", "0.0"), ("qwen2", "0")])
def test_a_model_that_drops_nothing_does_where_the_configuration_says_so(kind: Kind, none: str, tmp_path: Path) -> None:
    model = dropping(kind, tmp_path)
    path = tmp_path / "config.json"
    path.write_text(path.read_text(encoding="utf-8").replace("0.5", none), encoding="utf-8")
    first, second = losses(model, 0.3)
    assert first != second


def test_a_model_with_nothing_that_drops_is_refused_before_training(tmp_path: Path) -> None:
    encoder = encoder_of(tiny("bert", tmp_path))
    for module in encoder.model.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.Dropout):
                setattr(module, name, nn.Identity())
    check_tuning(encoder, None, checkpointing=False, dropout=0.0)
    with pytest.raises(ConfigError, match=r"encoder\.dropout 0\.1: no layer of BertModel drops"):
        check_tuning(encoder, None, checkpointing=False, dropout=0.1)


def test_what_only_says_whether_to_drop_is_no_share(tmp_path: Path) -> None:
    encoder = encoder_of(tiny("bert", tmp_path))
    encoder.model.use_dropout = True
    tuned_of(encoder, head(encoder.width), dropout=0.5)
    assert encoder.model.use_dropout is True


def test_adapters_keep_a_dropout_of_their_own(tmp_path: Path) -> None:
    encoder = encoder_of(tiny("bert", tmp_path))
    tuned = tuned_of(encoder, head(encoder.width), LoraSection(dropout=0.25), dropout=0.5)
    dropping = [(name, one) for name, one in tuned.named_modules() if isinstance(one, nn.Dropout)]
    assert {("lora" in name, one.p) for name, one in dropping} == {(True, 0.25), (False, 0.5)}
