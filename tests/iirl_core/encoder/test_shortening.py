"""An encoder of a model's lower layers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModel

from iirl_core.demonstration import conversation
from iirl_core.encoder import load_encoder, save_encoder
from iirl_core.encoder.shortening import shortened
from iirl_core.errors import ArtifactError, ConfigError
from tests.iirl_core.encoder.test_unfit import say
from tests.iirl_core.encoder.tiny import Kind, tiny
from tests.iirl_core.tuning.samples import encoder_of

ASKED = conversation("Are you open?", "Yes, until six.")


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_the_lower_layers_give_what_they_give_inside_the_whole_model(kind: Kind, tmp_path: Path) -> None:
    encoder = encoder_of(tiny(kind, tmp_path), layers=1)
    ids = torch.tensor([encoder.rendering.tokens(ASKED).ids])
    with torch.no_grad():
        first = AutoModel.from_pretrained(tmp_path)(input_ids=ids, output_hidden_states=True).hidden_states[1]
    assert torch.allclose(encoder.encode([ASKED]).z, first.mean(1), atol=1e-5)


@pytest.mark.parametrize("kind", ["bert", "llama", "qwen2"])
def test_they_alone_are_saved_and_loaded(kind: Kind, tmp_path: Path) -> None:
    encoder = encoder_of(tiny(kind, tmp_path / "model"), layers=1)
    again = load_encoder(tmp_path / "saved", save_encoder(encoder, tmp_path / "saved"))
    assert torch.equal(again.encode([ASKED]).z, encoder.encode([ASKED]).z)
    whole, part = (
        sum(file.stat().st_size for file in (tmp_path / name).glob("*.safetensors")) for name in ("model", "saved")
    )
    assert part < whole


def test_lists_with_an_entry_for_every_layer_are_cut_too_and_lists_of_tokens_are_not(tmp_path: Path) -> None:
    model = tiny("qwen2", tmp_path)
    say(tmp_path, eos_token_id=[0, 2])
    config = encoder_of(model, layers=1).model.config
    assert (config.num_hidden_layers, config.layer_types) == (1, ["full_attention"])
    assert config.eos_token_id == [0, 2]


def test_more_layers_than_the_model_has(tmp_path: Path) -> None:
    model = tiny("qwen2", tmp_path)
    assert torch.equal(encoder_of(model, layers=2).encode([ASKED]).z, encoder_of(model).encode([ASKED]).z)
    with pytest.raises(ConfigError, match=r"encoder.layers 3; expected at most the model's 2"):
        encoder_of(model, layers=3)


def test_a_model_that_does_not_say_how_many_it_has(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "t5gemma"}), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"does not say how many it has; expected no encoder\.layers"):
        shortened(tmp_path, 1, trust_remote_code=False)


def test_an_artifact_that_asks_for_more_layers_than_it_holds_is_no_fault_of_a_configuration(tmp_path: Path) -> None:
    document = save_encoder(encoder_of(tiny("bert", tmp_path / "model")), tmp_path / "saved")
    with pytest.raises(ArtifactError, match="at most the model's 2"):
        load_encoder(tmp_path / "saved", {**document, "layers": 9, "around": [[], []]})
