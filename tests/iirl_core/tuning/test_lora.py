"""Adapters beside a transformer's layers: trained alone, merged at the end."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from iirl_core.config.encoding import LoraSection, TextEncoderSection, Weights
from iirl_core.encoder import save_encoder
from iirl_core.encoder.saving import load_encoder
from iirl_core.encoder.text import fit_text
from iirl_core.errors import ConfigError
from iirl_core.tuning.lora import target_modules
from iirl_core.tuning.transformer import check_tuning, trained_encoder, tuned_of
from tests.iirl_core.encoder.tiny import Kind, tiny
from tests.iirl_core.tuning.samples import conversations, encoder_of, head, quiet, texts

LORA = LoraSection(rank=4, alpha=8, targets=["query", "output.dense"])


def test_targets_are_the_layers_whose_names_end_so(tmp_path: Path) -> None:
    model = encoder_of(tiny("bert", tmp_path)).model
    found = target_modules(model, ["query", "attention.output.dense"])
    assert found == [
        f"encoder.layer.{layer}.attention.{name}" for layer in (0, 1) for name in ("self.query", "output.dense")
    ]
    every = target_modules(model, None)
    assert len(every) == 2 * 6
    assert not any("pooler" in name for name in every)


@pytest.mark.parametrize("targets", [["q_proj"], ["query", "uery"], ["pooler.dense"], [".*query"]])
def test_targets_that_match_nothing_are_refused_with_those_that_would(targets: list[str], tmp_path: Path) -> None:
    encoder = encoder_of(tiny("bert", tmp_path))
    with pytest.raises(ConfigError, match=r"no linear layer is named .*; expected one of dense, key, query, value"):
        check_tuning(encoder, LoraSection(targets=targets), checkpointing=False)


def test_adapters_without_tuning_them_are_refused() -> None:
    for tuning in ("frozen", "full"):
        with pytest.raises(ValueError, match="trains no adapters"):
            TextEncoderSection.model_validate({"tuning": tuning, "lora": {"rank": 4}})
    assert TextEncoderSection(tuning="lora").adapters == LoraSection()
    assert TextEncoderSection(tuning="full").adapters is None


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_fresh_adapters_change_nothing_and_only_they_and_the_head_are_trained(kind: Kind, tmp_path: Path) -> None:
    model = quiet(tmp_path, kind)
    lora = LoraSection(rank=4)
    whole, adapted = (tuned_of(e := encoder_of(model), head(e.width), section) for section in (None, lora))
    batch = texts(encoder_of(model), conversations()).tensors()
    loss = adapted(**batch)
    assert float(loss.detach()) == pytest.approx(float(whole(**batch).detach()), abs=1e-5)
    loss.backward()
    trained = {name for name, parameter in adapted.named_parameters() if parameter.requires_grad}
    assert all("lora_" in name or name.startswith("expertness.") for name in trained)
    assert set(dict(adapted.expertness.named_parameters())) == {
        name.removeprefix("expertness.") for name in trained if "lora_" not in name
    }
    assert all(parameter.grad is not None for parameter in adapted.parameters() if parameter.requires_grad)


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_merged_adapters_give_the_rows_that_were_trained_in_a_plain_transformer(kind: Kind, tmp_path: Path) -> None:
    model = quiet(tmp_path / "model", kind)
    lora = LoraSection(rank=4)
    encoder = encoder_of(model)
    before = encoder.encode(conversations()).z
    tuned = tuned_of(encoder, head(encoder.width), lora)
    with torch.no_grad():
        for name, parameter in tuned.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.3)
    batch = texts(encoder_of(model), conversations()).tensors()
    hidden = tuned.encoder(input_ids=batch["ids"], attention_mask=batch["mask"]).last_hidden_state
    expected = (hidden * batch["mask"].unsqueeze(-1)).sum(dim=1) / batch["mask"].sum(dim=1, keepdim=True)
    weights = {name: value for name, value in tuned.named_parameters() if value.requires_grad}
    trained = trained_encoder(encoder_of(model), weights, lora)
    after = trained.encode(conversations()).z
    assert torch.allclose(after, expected.detach(), atol=1e-4)
    assert (after - before).abs().max() > 0.1
    sealed = load_encoder(tmp_path / "sealed", save_encoder(trained, tmp_path / "sealed"))
    assert torch.equal(sealed.encode(conversations()).z, after)
    assert not any("lora" in name for name in trained.model.state_dict())


@pytest.mark.parametrize("lora", [None, LoraSection(rank=4, alpha=8)])
def test_trained_weights_are_held_as_the_encoder_holds_its_own(lora: LoraSection | None, tmp_path: Path) -> None:
    model = quiet(tmp_path / "model", "llama")
    found = []
    held: Weights
    for held in ("fp32", "bf16"):
        first, second = (fit_text(TextEncoderSection(model=model, weights=held)) for _ in range(2))
        torch.manual_seed(0)
        tuned = tuned_of(first, head(first.width), lora)
        with torch.no_grad():
            for name, parameter in tuned.named_parameters():
                if parameter.requires_grad and ("lora_B" in name or lora is None):
                    parameter.add_(0.1 * torch.randn(parameter.shape))
        weights = {name: value.detach() for name, value in tuned.named_parameters() if value.requires_grad}
        assert {value.dtype for value in weights.values()} == {torch.float32}
        found.append(trained_encoder(second, weights, lora))
    whole, half = found
    matrices = [one for one in half.model.parameters() if one.ndim == 2]
    assert {one.dtype for one in matrices} == {torch.bfloat16}
    apart = half.encode(conversations()).z - whole.encode(conversations()).z
    assert 0 < float(apart.abs().max()) < 0.1


def test_adapters_of_other_layers_are_refused(tmp_path: Path) -> None:
    model = tiny("bert", tmp_path)
    tuned = tuned_of(encoder_of(model), head(32), LORA)
    weights = {name: value for name, value in tuned.named_parameters() if value.requires_grad}
    with pytest.raises(RuntimeError, match="adapters that do not fit"):
        trained_encoder(encoder_of(model), weights, LoraSection(rank=4, targets=["key"]))


def test_layers_computed_again_give_the_same_gradient(tmp_path: Path) -> None:
    model = tiny("bert", tmp_path)  # with dropout, which must be drawn alike the second time
    gradients = []
    for checkpointing in (False, True):
        encoder = encoder_of(model)
        tuned = tuned_of(encoder, head(encoder.width), LORA, checkpointing=checkpointing)
        torch.manual_seed(3)
        tuned(**texts(encoder, conversations()).tensors()).backward()
        gradients.append({name: value.grad for name, value in tuned.named_parameters() if value.requires_grad})
    assert tuned.encoder.is_gradient_checkpointing
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient)
