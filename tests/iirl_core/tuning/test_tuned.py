"""From tokens to the loss, as the encoder and the expertness would go there one after the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from iirl_core.config.expertness import BradleyTerrySection, DiscriminatorSection, JointSection, SourcesSection
from iirl_core.demonstration import conversation
from iirl_core.encoder import save_encoder
from iirl_core.encoder.saving import load_encoder
from iirl_core.encoder.text import TextEncoder
from iirl_core.expertness import Batch, ExpertnessSection, build_expertness
from iirl_core.tuning.transformer import trained_encoder, trained_expertness, tuned_of
from tests.iirl_core.encoder.tiny import Kind, tiny
from tests.iirl_core.tuning.samples import conversations, encoder_of, head, quiet, texts


@pytest.mark.parametrize(
    ("kind", "pooling"), [("bert", "mean"), ("bert", "cls"), ("roberta", "mean"), ("llama", "last"), ("qwen2", "mean")]
)
def test_the_loss_is_that_of_the_encoders_own_rows(kind: Kind, pooling: str, tmp_path: Path) -> None:
    encoder = encoder_of(quiet(tmp_path, kind), pooling=pooling)
    items = conversations()
    batch, z, expertness = texts(encoder, items), encoder.encode(items).z, head(encoder.width)
    expected = expertness.loss(Batch(z, batch.expert, batch.weight, batch.row))
    found = tuned_of(encoder, expertness)(**batch.tensors())
    assert float(found.detach()) == pytest.approx(float(expected.detach()), abs=1e-5)


@pytest.mark.parametrize(
    "section",
    [
        BradleyTerrySection(hidden=8, margin=0.5, length_debias=1.0),
        JointSection(hidden=8),
        JointSection(hidden=8, beta=SourcesSection(sources={})),
        DiscriminatorSection(hidden=0),
    ],
)
def test_every_family_that_learns_from_negatives_can_be_tuned(section: ExpertnessSection, tmp_path: Path) -> None:
    encoder = encoder_of(quiet(tmp_path))
    items = conversations()
    torch.manual_seed(0)
    expertness, batch = build_expertness(section, encoder.width), texts(encoder, items)
    one = torch.linspace(0, 2, len(items))
    batch = replace(batch, margin=one, length=one, strength=one)
    rows = Batch(encoder.encode(items).z, batch.expert, batch.weight, batch.row, one, one, one)
    expected = float(expertness.loss(rows).detach())
    tuned = tuned_of(encoder, expertness)
    loss = tuned(**batch.tensors())
    assert float(loss.detach()) == pytest.approx(expected, abs=1e-5)
    loss.backward()
    assert all(parameter.grad is not None for parameter in tuned.encoder.parameters() if parameter.requires_grad)


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_every_weight_that_z_depends_on_is_trained_and_no_other(kind: Kind, tmp_path: Path) -> None:
    encoder = encoder_of(quiet(tmp_path, kind))
    tuned = tuned_of(encoder, head(encoder.width))
    tuned(**texts(encoder, conversations()).tensors()).backward()
    for name, parameter in tuned.named_parameters():
        assert (parameter.grad is not None and bool(parameter.grad.any())) == parameter.requires_grad, name
        assert parameter.requires_grad == ("pooler" not in name), name


def test_dropout_is_at_work_and_follows_the_seed(tmp_path: Path) -> None:
    encoder = encoder_of(tiny("bert", tmp_path))
    tuned, batch = tuned_of(encoder, head(encoder.width)), texts(encoder, conversations())

    def loss(seed: int) -> float:
        torch.manual_seed(seed)
        return float(tuned(**batch.tensors()).detach())

    assert loss(1) == loss(1)
    assert loss(1) != loss(2)


def test_a_trained_encoder_gives_the_rows_it_was_trained_to_give_and_is_frozen_again(tmp_path: Path) -> None:
    model = tiny("bert", tmp_path / "model")
    encoder = encoder_of(model)
    before = encoder.encode(conversations()).z
    tuned = tuned_of(encoder, head(encoder.width))
    with torch.no_grad():
        for parameter in tuned.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    weights = {name: value.clone() for name, value in tuned.named_parameters() if value.requires_grad}
    assert set(trained_expertness(weights)) == set(dict(tuned.expertness.named_parameters()))
    trained = trained_encoder(encoder_of(model), weights)
    after = trained.encode(conversations()).z
    assert (after - before).abs().max() > 0.1
    assert not any(parameter.requires_grad for parameter in trained.model.parameters())
    sealed = load_encoder(tmp_path / "sealed", save_encoder(trained, tmp_path / "sealed"))
    assert torch.equal(sealed.encode(conversations()).z, after)


def test_a_trained_encoder_cuts_long_texts_as_it_was_trained(tmp_path: Path) -> None:
    encoder = encoder_of(tiny("bert", tmp_path / "model"), truncation="left")
    tuned = tuned_of(encoder, head(encoder.width))
    long = conversation("Is it open? " * 30, "Yes.")
    ids = encoder.rendering.tokens(long).ids
    assert ids[0] != encoder.rendering.tokenizer.cls_token_id
    weights = {name: value for name, value in tuned.named_parameters() if value.requires_grad}
    sealed = save_encoder(trained_encoder(encoder, weights), tmp_path / "sealed")
    loaded = load_encoder(tmp_path / "sealed", sealed)
    assert isinstance(loaded, TextEncoder)
    assert loaded.rendering.tokens(long).ids == ids


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    encoder = encoder_of(tiny("bert", tmp_path))
    weights = {f"encoder.{name}": value for name, value in encoder.model.named_parameters()}
    name = next(iter(weights))
    with pytest.raises(RuntimeError, match="missing"):
        trained_encoder(encoder, {other: value for other, value in weights.items() if other != name})
    with pytest.raises(RuntimeError, match="size mismatch"):
        trained_encoder(encoder, {**weights, name: weights[name][:3]})
