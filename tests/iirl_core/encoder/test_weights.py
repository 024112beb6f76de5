from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from accelerate import dispatch_model
from transformers import AutoModel, GPT2Config, GPT2Model

from iirl_core.config.encoding import TextEncoderSection, Weights
from iirl_core.demonstration import conversation
from iirl_core.encoder import fit_encoder, load_encoder, save_encoder
from iirl_core.encoder.placing import places_of
from iirl_core.encoder.text import TextEncoder
from iirl_core.encoder.weights import hold, widen
from iirl_core.errors import ArtifactError
from tests.iirl_core.encoder.tiny import Kind, tiny

ITEMS = [conversation("Is it open? " * (n % 5), "Yes, " * n + "until six.") for n in range(12)]
KINDS: tuple[Kind, ...] = ("bert", "roberta", "llama", "qwen2")


def encoder_of(model: str, weights: Weights) -> TextEncoder:
    encoder = fit_encoder(TextEncoderSection(model=model, weights=weights), [])
    assert isinstance(encoder, TextEncoder)
    return encoder


def bytes_of(encoder: TextEncoder) -> int:
    return sum(parameter.nbytes for parameter in encoder.model.parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_half_the_bytes_give_nearly_the_same_rows(kind: Kind, tmp_path: Path) -> None:
    model = tiny(kind, tmp_path)
    whole, half = encoder_of(model, "fp32"), encoder_of(model, "bf16")
    assert bytes_of(half) < 0.55 * bytes_of(whole)
    apart = half.encode(ITEMS).z - whole.encode(ITEMS).z
    assert 0 < float(apart.abs().max()) < 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_those_of_rounded_weights_in_full_precision_whatever_else_is_in_the_batch(
    kind: Kind, tmp_path: Path
) -> None:
    half = encoder_of(tiny(kind, tmp_path / "one"), "bf16")
    rounded = AutoModel.from_pretrained(tmp_path / "one", dtype=torch.bfloat16).float()
    rounded.save_pretrained(tmp_path / "one")  # beside the same tokenizer
    z = half.encode(ITEMS).z
    torch.testing.assert_close(z, encoder_of(str(tmp_path / "one"), "fp32").encode(ITEMS).z, atol=1e-5, rtol=0)
    alone = torch.cat([half.encode([item]).z for item in ITEMS])
    torch.testing.assert_close(z, alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_saved_loaded_and_sent_as_it_is_held(kind: Kind, tmp_path: Path) -> None:
    half = encoder_of(tiny(kind, tmp_path / "model"), "bf16")
    document = save_encoder(half, tmp_path / "saved")
    assert document["weights"] == "bf16"
    assert (tmp_path / "saved" / "model.safetensors").stat().st_size < 0.6 * (
        tmp_path / "model" / "model.safetensors"
    ).stat().st_size
    loaded = load_encoder(tmp_path / "saved", document)
    assert isinstance(loaded, TextEncoder)
    assert bytes_of(loaded) == bytes_of(half)
    for other in (loaded, copy.deepcopy(half)):
        assert torch.equal(other.encode(ITEMS).z, half.encode(ITEMS).z)


def test_a_document_that_says_nothing_means_full_precision(tmp_path: Path) -> None:
    whole = encoder_of(tiny("bert", tmp_path / "model"), "fp32")
    document = save_encoder(whole, tmp_path / "saved")
    assert "weights" not in document
    with pytest.raises(ArtifactError, match="weights are held in 'fp8'; expected fp32, bf16"):
        load_encoder(tmp_path / "saved", {**document, "weights": "fp8"})


def test_gpt_2s_matrices_are_held_so_too() -> None:
    torch.manual_seed(0)
    model = GPT2Model(GPT2Config(n_embd=32, n_layer=2, n_head=2, vocab_size=64, n_positions=32)).eval()
    ids = torch.arange(20).reshape(2, 10)
    before, size = model(input_ids=ids).last_hidden_state, sum(one.nbytes for one in model.parameters())
    hold(model, "bf16")
    assert sum(one.nbytes for one in model.parameters()) < 0.55 * size
    torch.testing.assert_close(model(input_ids=ids).last_hidden_state, before, atol=0.05, rtol=0)


def test_what_is_to_be_trained_is_a_plain_transformer_again(tmp_path: Path) -> None:
    half = encoder_of(tiny("llama", tmp_path), "bf16")
    expected, names = half.encode(ITEMS).z, set(half.model.state_dict())
    widen(half.model, torch.float32)
    plain = AutoModel.from_config(half.model.config)
    assert [type(module) for module in half.model.modules()] == [type(module) for module in plain.modules()]
    assert {parameter.dtype for parameter in half.model.parameters()} == {torch.float32}
    assert set(half.model.state_dict()) == names
    torch.testing.assert_close(half.encode(ITEMS).z, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_one_that_is_divided_gives_the_same_rows(kind: Kind, tmp_path: Path) -> None:
    """By the hooks that pass rows from GPU to GPU. The second place is the disk: any machine has one."""
    half = encoder_of(tiny(kind, tmp_path / "model"), "bf16")
    expected, size = half.encode(ITEMS).z, bytes_of(half)
    places = places_of(half.model, {0: int(0.6 * size), 1: size})
    there = {name: "disk" if place else "cpu" for name, place in places.items()}
    assert {*there.values()} == {"cpu", "disk"}
    dispatch_model(half.model, there, main_device="cpu", offload_dir=tmp_path / "disk")
    assert torch.equal(half.encode(ITEMS).z, expected)
