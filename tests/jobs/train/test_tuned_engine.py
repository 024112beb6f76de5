"""A text encoder under the engine: every ZeRO stage trains it alike, and it goes on where it was saved; no Ray."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from torch import nn

from iirl_core.config.encoding import LoraSection
from iirl_core.config.training import OptimiserSection, TrainSection
from iirl_core.errors import ConfigError
from iirl_core.expertness import Batch
from iirl_core.tuning import Texts, Tuned
from iirl_core.tuning.transformer import tuned_of
from jobs.train.engine import Engine
from jobs.train.schedule import groups_of
from tests.iirl_core.encoder.tiny import tiny
from tests.iirl_core.tuning.samples import conversations, encoder_of, head, quiet, texts

pytestmark = pytest.mark.usefixtures("one_rank")
Stage = Literal[0, 1, 2, 3]

STEPS = 8
OPTIMISER = OptimiserSection(learning_rate=0.01, encoder_learning_rate=0.003, warmup_steps=2)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny("bert", tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> str:
    return quiet(tmp_path_factory.mktemp("quiet"))


def section(stage: Stage, **more: object) -> TrainSection:
    return TrainSection.model_validate({"batch": 12, "zero_stage": stage, "optimiser": OPTIMISER, **more})


def module(model: str, lora: LoraSection | None = None, *, checkpointing: bool = False, members: int = 2) -> Tuned:
    encoder = encoder_of(model)
    expertness = head(encoder.width, members)
    torch.manual_seed(1)
    return tuned_of(encoder, expertness, lora, checkpointing=checkpointing)


def batch(model: str) -> Texts:
    return texts(encoder_of(model), conversations())


def losses(engine: Engine, model: str, steps: range) -> list[float]:
    rows = batch(model)
    return [engine.step(step, rows).loss for step in steps]


def moved(before: nn.Module, weights: dict[str, torch.Tensor]) -> dict[str, float]:
    start = {name: value.detach() for name, value in before.named_parameters()}
    return {name: float((value - start[name]).abs().max()) for name, value in weights.items() if name in start}


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_every_zero_stage_trains_encoder_and_head_alike(stage: Stage, calm: str) -> None:
    engine = Engine(module(calm), section(stage), STEPS)
    found = losses(engine, calm, range(STEPS))
    assert found == pytest.approx(losses(Engine(module(calm), section(0), STEPS), calm, range(STEPS)), abs=1e-4)
    assert found[-1] < 0.8 * found[0]
    changes = moved(module(calm), engine.weights())
    assert set(changes) == {name for name, value in module(calm).named_parameters() if value.requires_grad}
    # A bias of attention's keys has no effect, and so hardly a gradient.
    assert min(change for name, change in changes.items() if not name.endswith("key.bias")) > 1e-3


@pytest.mark.parametrize("stage", [1, 3])
def test_a_saved_engine_goes_on_as_if_it_had_never_stopped_dropout_and_all(
    stage: Stage, model: str, tmp_path: Path
) -> None:
    through = Engine(module(model), section(stage), STEPS, seed=7)
    whole = losses(through, model, range(5))
    through.save(tmp_path)
    whole += losses(through, model, range(5, STEPS))
    torch.manual_seed(123)
    resumed = Engine(module(model), section(stage), STEPS, seed=7)
    resumed.restore(tmp_path)
    assert losses(resumed, model, range(5, STEPS)) == pytest.approx(whole[5:], abs=1e-5)
    other = Engine(module(model), section(stage), STEPS, seed=8)
    assert losses(other, model, range(5)) != pytest.approx(whole[:5], abs=1e-4)


def test_bf16_trains_too_with_a_loss_in_full_precision(calm: str) -> None:
    engine = Engine(module(calm), section(2, precision="bf16"), STEPS)
    rows = batch(calm)
    loss = engine._engine(**rows.tensors())
    assert loss.dtype == torch.float32
    engine._engine.backward(loss)
    engine._engine.step()
    found = losses(engine, calm, range(STEPS))
    assert found == pytest.approx(losses(Engine(module(calm), section(0), STEPS), calm, range(STEPS)), rel=0.3)
    assert all(value.dtype == torch.float32 for value in engine.weights().values())


def test_buffers_keep_their_precision_in_bf16(tmp_path: Path) -> None:
    llama = quiet(tmp_path, "llama")
    exact = {name: value.clone() for name, value in module(llama).named_buffers()}
    engine = Engine(module(llama), section(1, precision="bf16"), STEPS)
    found = dict(engine._engine.module.named_buffers())
    assert any("inv_freq" in name for name in exact)
    assert all(torch.equal(found[name], value) for name, value in exact.items())


def test_the_encoder_has_a_rate_of_its_own_and_its_vectors_do_not_decay(calm: str) -> None:
    own, matrices, vectors = groups_of(module(calm), OptimiserSection(weight_decay=0.1, learning_rate=0.5))
    assert (own.learning_rate, matrices.learning_rate, vectors.learning_rate) == (0.5, 2e-5, 2e-5)
    assert (own.weight_decay, matrices.weight_decay, vectors.weight_decay) == (0.1, 0.1, 0.0)
    assert all(parameter.ndim == 1 for parameter in vectors.parameters)
    trained = sum(parameter.requires_grad for parameter in module(calm).parameters())
    assert len(own.parameters) + len(matrices.parameters) + len(vectors.parameters) == trained
    assert np.all([parameter.requires_grad for parameter in matrices.parameters])


@pytest.mark.parametrize("stage", [1, 3])
def test_adapters_are_trained_saved_and_taken_up_again_without_the_weights_beside_them(
    stage: Stage, model: str, tmp_path: Path
) -> None:
    lora = LoraSection(rank=4, dropout=0.1)
    through = Engine(module(model, lora), section(stage), STEPS, seed=7)
    whole = losses(through, model, range(5))
    through.save(tmp_path)
    whole += losses(through, model, range(5, STEPS))
    resumed = Engine(module(model, lora), section(stage), STEPS, seed=7)
    resumed.restore(tmp_path)
    assert losses(resumed, model, range(5, STEPS)) == pytest.approx(whole[5:], abs=1e-5)
    changes = moved(module(model, lora), through.weights())
    assert {name.partition(".")[0] for name in changes} == {"encoder", "expertness"}
    assert all("lora_" in name for name in changes if name.startswith("encoder."))
    # The first matrix of a pair learns nothing at the very first step, when the second is all zeros.
    assert min(change for name, change in changes.items() if "key.lora" not in name) > 1e-3


@pytest.mark.parametrize("stage", [1, 2])
def test_a_step_in_parts_is_the_same_step(stage: Stage, calm: str) -> None:
    rows = batch(calm)
    parts = [rows.pick(np.arange(start, start + 4)) for start in (0, 4, 8)]
    whole = Engine(module(calm, members=1), section(stage), STEPS)
    split = Engine(module(calm, members=1), section(stage, accumulation=3), STEPS)
    expected = [whole.step(step, rows) for step in range(STEPS)]
    found = [split.step(step, *parts) for step in range(STEPS)]
    assert [one.loss for one in found] == pytest.approx([one.loss for one in expected], abs=1e-4)
    assert [one.gradient_norm for one in found] == pytest.approx([one.gradient_norm for one in expected], rel=1e-3)
    weights = split.weights()
    for name, value in whole.weights().items():
        torch.testing.assert_close(weights[name], value, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    ("stage", "precision"), [(1, "bf16"), (2, "fp32"), pytest.param(3, "fp32", marks=pytest.mark.slow)]
)
def test_an_optimiser_on_the_host_takes_the_same_steps_and_compiles_nothing(
    stage: Stage, precision: str, calm: str
) -> None:
    here, there = (
        Engine(module(calm), section(stage, precision=precision, offload=offload), STEPS) for offload in ("none", "cpu")
    )
    assert losses(there, calm, range(STEPS)) == pytest.approx(losses(here, calm, range(STEPS)), abs=1e-4)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_weights_on_the_host_take_the_same_steps_and_come_back_whole(precision: str, calm: str, tmp_path: Path) -> None:
    here, there = (
        Engine(module(calm), section(3, precision=precision, offload=offload), STEPS) for offload in ("none", "weights")
    )
    assert losses(there, calm, range(5)) == pytest.approx(losses(here, calm, range(5)), abs=1e-4)
    expected = here.weights()
    for name, value in there.weights().items():
        torch.testing.assert_close(value, expected[name], atol=1e-4, rtol=1e-3)
    there.save(tmp_path)
    resumed = Engine(module(calm), section(3, precision=precision, offload="weights"), STEPS)
    resumed.restore(tmp_path)
    assert losses(resumed, calm, range(5, STEPS)) == pytest.approx(losses(here, calm, range(5, STEPS)), abs=1e-4)


@pytest.mark.slow
def test_layers_computed_again_take_the_same_steps_where_weights_are_spread(model: str) -> None:
    kept = Engine(module(model), section(3), STEPS)
    again = Engine(module(model, checkpointing=True), section(3, gradient_checkpointing=True), STEPS)
    assert losses(again, model, range(STEPS)) == pytest.approx(losses(kept, model, range(STEPS)), abs=1e-4)


def test_a_checkpoint_of_another_shape_is_refused(calm: str, tmp_path: Path) -> None:
    Engine(module(calm), section(1), STEPS).save(tmp_path)
    encoder = encoder_of(tiny("llama", tmp_path / "llama"))
    other = Engine(tuned_of(encoder, head(encoder.width)), section(1), STEPS)
    with pytest.raises(ConfigError, match=r"checkpoint holds .* of shape .* another one now"):
        other.restore(tmp_path)
    wider = Engine(module(calm, LoraSection(rank=4)), section(1), STEPS)
    wider.save(tmp_path / "adapters")
    narrow = Engine(module(calm, LoraSection(rank=2)), section(1), STEPS)
    with pytest.raises(ConfigError, match=r"lora_A.* of shape \[4, 32\]; expected \[2, 32\]"):
        narrow.restore(tmp_path / "adapters")


@pytest.mark.parametrize("stage", [1, 3])
def test_judging_is_without_dropout_and_changes_nothing_that_follows(stage: Stage, model: str) -> None:
    """``model`` has dropout: the loss of a step is not that of the same rows judged."""
    encoder, rows = encoder_of(model), batch(model)
    z = encoder.encode(conversations()).z
    expected = head(encoder.width).measures(Batch(z, rows.expert, rows.weight, rows.row))
    engine = Engine(module(model), section(stage), STEPS)
    assert engine.judge(rows).tolist() == pytest.approx(expected.tolist(), abs=1e-4)
    judged = []
    for step in range(3):
        judged.append(engine.step(step, rows).loss)
        engine.judge(rows)
    assert judged == pytest.approx(losses(Engine(module(model), section(stage), STEPS), model, range(3)), abs=1e-5)
    assert judged[0] != pytest.approx(float(expected[0]), abs=1e-6)
