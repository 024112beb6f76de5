from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from accelerate import dispatch_model
from transformers import (
    AutoModel,
    DebertaV2Config,
    DebertaV2Model,
    Gemma2Config,
    Gemma2ForCausalLM,
    Gemma2Model,
    GPT2Config,
    GPT2Model,
    MambaConfig,
    MambaModel,
    PreTrainedModel,
)

from iirl_core.config.encoding import TextEncoderSection, Weights
from iirl_core.demonstration import conversation
from iirl_core.encoder import fit_encoder, load_encoder, save_encoder
from iirl_core.encoder.placing import places_of
from iirl_core.encoder.text import TextEncoder
from iirl_core.encoder.weights import check_held, hold, widen
from iirl_core.errors import ArtifactError, ConfigError
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
    assert bytes_of(half) < 0.65 * bytes_of(whole)  # the tiny ones have many places for their size
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
    assert (tmp_path / "saved" / "model.safetensors").stat().st_size < 0.65 * (
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


GPT2 = GPT2Config(n_embd=32, n_layer=2, n_head=2, vocab_size=64, n_positions=32)
DEBERTA = DebertaV2Config(
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=64,
    vocab_size=64,
    relative_attention=True,
    pos_att_type=["c2p", "p2c"],
    position_buckets=8,
)
GEMMA = Gemma2Config(
    hidden_size=40,  # whose root bfloat16 cannot hold
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    head_dim=16,
    intermediate_size=64,
    vocab_size=64,
)
MAMBA = MambaConfig(hidden_size=32, num_hidden_layers=1, vocab_size=64, state_size=4)
IDS = torch.arange(20).reshape(2, 10)


def halved(model: PreTrainedModel, folder: Path) -> PreTrainedModel:
    """As it is read when it is to be held in half the bytes."""
    model.save_pretrained(folder)
    found: PreTrainedModel = type(model).from_pretrained(folder, dtype=torch.bfloat16)
    hold(found, "bf16")
    return found


@pytest.mark.parametrize(
    ("model", "share"),
    [
        pytest.param(lambda: GPT2Model(GPT2), 0.55, id="matrices the other way round"),
        pytest.param(lambda: DebertaV2Model(DEBERTA), 0.8, id="an embedding that is read as it is"),
        pytest.param(lambda: Gemma2Model(GEMMA), 0.7, id="a scale that was rounded on the way"),
        pytest.param(lambda: Gemma2ForCausalLM(GEMMA), 0.7, id="a matrix that scaled words share with the head"),
    ],
)
def test_whatever_its_layers_are_it_computes_as_its_rounded_weights_would(
    model: Callable[[], PreTrainedModel], share: float, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    whole = model().eval()
    half = halved(whole, tmp_path)
    size = sum(one.nbytes for one in whole.parameters())
    assert sum(one.nbytes for one in half.parameters()) < share * size
    for parameter in whole.parameters():
        parameter.data = parameter.data.bfloat16().float()
    found, expected = half(input_ids=IDS)[0], whole(input_ids=IDS)[0]
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
    check_held(half, "bf16", "ours")


def test_one_that_cannot_be_held_so_is_refused_by_its_name(tmp_path: Path) -> None:
    whole = MambaModel(MAMBA)
    check_held(whole, "fp32", "encoder.model 'mamba'")
    with pytest.raises(ConfigError, match=r"encoder.model 'mamba' cannot hold its matrices in bf16.*weights: fp32"):
        check_held(halved(whole, tmp_path), "bf16", "encoder.model 'mamba'")


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
    places = places_of(half.model, {0: int(0.7 * size), 1: 2 * size})
    there = {name: "disk" if place else "cpu" for name, place in places.items()}
    assert {*there.values()} == {"cpu", "disk"}
    dispatch_model(half.model, there, main_device="cpu", offload_dir=tmp_path / "disk")
    assert torch.equal(half.encode(ITEMS).z, expected)
