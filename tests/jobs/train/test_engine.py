"""The engine steps as plain PyTorch does, and goes on where it was saved; one rank, no Ray."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Literal

import pytest
import torch
import torch.distributed

from iirl_core.config.expertness import DiscriminatorSection, MixtureSection
from iirl_core.config.training import OptimiserSection, TrainSection
from iirl_core.expertness import Batch, build_expertness
from iirl_core.plan import states
from jobs.train.engine import Engine
from jobs.train.schedule import rate_share

STEPS = 12
OPTIMISER = OptimiserSection(learning_rate=0.01, warmup_steps=3, gradient_clip=0.5)


pytestmark = pytest.mark.usefixtures("one_rank")


def section(stage: Literal[0, 1, 2, 3], precision: Literal["fp32", "bf16"] = "fp32") -> TrainSection:
    return TrainSection(batch=32, zero_stage=stage, precision=precision, optimiser=OPTIMISER)


def module() -> torch.nn.Module:
    torch.manual_seed(0)
    return build_expertness(MixtureSection(experts=2, bottleneck=2, hidden=8), 3)


def batch(step: int) -> Batch:
    generator = torch.Generator().manual_seed(step)
    ones = torch.ones(32)
    return Batch(torch.randn(32, 3, generator=generator), ones, ones, torch.arange(32))


def plain() -> tuple[list[float], dict[str, torch.Tensor]]:
    """What the engine must amount to."""
    model = module()
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=0.0)
    losses = []
    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = OPTIMISER.learning_rate * rate_share(OPTIMISER, step, STEPS)
        one = batch(step)
        loss = model(one.z, one.expert, one.weight, one.row)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), OPTIMISER.gradient_clip)
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses, {name: value.detach().clone() for name, value in model.state_dict().items()}


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_every_zero_stage_is_plain_pytorch(stage: Literal[0, 1, 2, 3]) -> None:
    engine = Engine(module(), section(stage), STEPS)
    losses = [engine.step(step, batch(step)).loss for step in range(STEPS)]
    expected_losses, expected_weights = plain()
    assert losses == pytest.approx(expected_losses, abs=2e-5)
    weights = engine.weights()
    assert set(weights) == set(expected_weights)
    for name, value in expected_weights.items():
        torch.testing.assert_close(weights[name], value, atol=2e-4, rtol=1e-3)


class Whole(torch.nn.Module):
    """Notes when all of it is moved at once."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.moved = module(), 0

    def forward(self, **tensors: torch.Tensor) -> torch.Tensor:
        loss: torch.Tensor = self.inner(**tensors)
        return loss

    def to(self, *args: object, **kwargs: object) -> Whole:
        self.moved += 1
        return super().to(*args, **kwargs)  # type: ignore[call-overload]


@pytest.mark.parametrize(("stage", "moved"), [(2, 1), (3, 0)])
def test_zero_3_never_moves_the_whole_module_onto_a_device(stage: Literal[2, 3], moved: int) -> None:
    whole = Whole()
    engine = Engine(whole, section(stage), STEPS)
    assert whole.moved == moved
    assert engine.step(0, batch(0)).loss == pytest.approx(plain()[0][0], abs=2e-5)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_the_optimiser_takes_the_bytes_that_a_plan_tells(
    stage: Literal[0, 1, 2, 3], precision: Literal["fp32", "bf16"]
) -> None:
    if (stage, precision) == (0, "bf16"):
        pytest.skip("DeepSpeed has no such thing")
    trained = build_expertness(MixtureSection(experts=2, bottleneck=2, hidden=512), 3)
    count = sum(each.numel() for each in trained.parameters())
    engine = Engine(trained, section(stage, precision), STEPS)
    engine.step(0, batch(0))
    inner = engine._optimiser.optimizer if stage else engine._optimiser
    held = [value for state in inner.state.values() for name, value in state.items() if name != "step"]
    if stage == 3:
        held += engine._optimiser.fp32_partitioned_groups_flat
    elif stage:
        held += [one for group in inner.param_groups for one in group["params"]]
    told = states(count, 0, precision=precision, stage=stage, devices=1).optimiser
    assert sum(each.nbytes for each in held) == pytest.approx(told, abs=1024)  # DeepSpeed pads what it divides


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_a_closed_engine_lets_go_of_its_module(stage: Literal[0, 1, 2, 3]) -> None:
    trained = module()
    engine, left = Engine(trained, section(stage), STEPS), weakref.ref(trained)
    engine.step(0, batch(0))
    engine.close()
    del engine, trained
    gc.collect()
    assert left() is None


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_bf16_keeps_full_precision_weights_beside(stage: Literal[1, 2, 3]) -> None:
    engine = Engine(module(), section(stage, "bf16"), STEPS)
    losses = [engine.step(step, batch(step)).loss for step in range(STEPS)]
    assert losses == pytest.approx(plain()[0], rel=0.05)
    weights = engine.weights()
    assert all(value.dtype == torch.float32 for value in weights.values())
    assert any(not torch.equal(value, value.bfloat16().float()) for value in weights.values())


@pytest.mark.parametrize("stage", [0, 1, 3])
def test_a_saved_engine_goes_on_as_if_it_had_never_stopped(stage: Literal[0, 1, 3], tmp_path: Path) -> None:
    through = Engine(module(), section(stage), STEPS)
    for step in range(STEPS):
        if step == 5:
            through.save(tmp_path)
        last = through.step(step, batch(step)).loss
    resumed = Engine(module(), section(stage), STEPS)
    resumed.restore(tmp_path)
    again = [resumed.step(step, batch(step)).loss for step in range(5, STEPS)]
    assert again[-1] == pytest.approx(last, abs=1e-6)


def test_the_gradient_norm_is_that_before_clipping() -> None:
    model, one = module(), batch(0)
    model(one.z, one.expert, one.weight, one.row).backward()
    expected = torch.nn.utils.get_total_norm([p.grad for p in model.parameters() if p.grad is not None])
    report = Engine(module(), section(1), STEPS).step(0, one)
    assert report.gradient_norm == pytest.approx(float(expected), rel=1e-4)


def test_buffers_come_back_with_the_weights() -> None:
    torch.manual_seed(0)
    discriminator = build_expertness(DiscriminatorSection(hidden=4, members=2), 3)
    discriminator.balance(3.0, 1.0)
    weights = Engine(discriminator, section(1), STEPS).weights()
    assert float(weights["log_ratio"]) == pytest.approx(1.0986, abs=1e-3)


@pytest.mark.parametrize("stage", [1, 3])
def test_measuring_is_the_loss_of_the_weights_as_they_are_and_leaves_them_so(stage: Literal[0, 1, 2, 3]) -> None:
    engine = Engine(module(), section(stage), STEPS)
    measured = engine.measure(batch(0))
    assert measured == engine.measure(batch(0))
    assert engine.step(0, batch(0)).loss == pytest.approx(measured, abs=1e-6)
    assert engine.measure(batch(0)) != measured
