from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from iirl_core.config.expertness import JointSection
from iirl_core.errors import InputError
from iirl_core.expertness import Batch, build_expertness
from iirl_core.expertness.joint import Joint


def _built(width: int = 6, **changes: object) -> Joint:
    torch.manual_seed(0)
    module = build_expertness(JointSection(**{"members": 3, **changes}), width)  # type: ignore[arg-type]
    assert isinstance(module, Joint)
    return module


def _batch(z: Tensor, expert: Tensor, weight: Tensor | None = None) -> Batch:
    return Batch(z, expert, torch.ones(len(z)) if weight is None else weight, torch.arange(len(z)))


def _fit(module: Joint, batch: Batch, steps: int = 300) -> None:
    optimiser = torch.optim.Adam(module.parameters(), 0.02)
    for _ in range(steps):
        optimiser.zero_grad()
        module.loss(batch).backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def test_the_loss_is_equation_2_on_the_bounded_map_itself() -> None:
    """By hand, with m_ψ as the sum of sigmoids that the docstring states, and class means of unequal sizes."""
    module, z = _built(members=1, beta=2.0, saturation=0.0), torch.randn(7, 6)
    expert = torch.tensor([1.0, 1, 1, 1, 1, 0, 0])
    outputs = module.outputs(z)[0]
    share = torch.softmax(module.share[0, 0], dim=0)
    slope = torch.nn.functional.softplus(module.slope[0, 0])
    reward = (share * torch.sigmoid(slope * (outputs[:, None] - module.centre[0, 0]))).sum(dim=1)
    expected = -2.0 * (reward[:5].mean() - reward[5:].mean())
    assert torch.allclose(module.loss(_batch(z, expert)), expected, atol=1e-6)
    assert torch.allclose(torch.sigmoid(module.signals(z)[0]), reward, atol=1e-6)


def test_each_row_counts_by_its_own_strength() -> None:
    """By hand: E_{D_E}[β(x,t)·m] − E_{D_neg}[β(x,t)·m], the means over all rows of a class, however strong."""
    module, z = _built(members=1, beta={"discount": 0.5}, saturation=0.0), torch.randn(5, 6)
    expert, strength = torch.tensor([1.0, 1, 1, 0, 0]), torch.tensor([1.0, 0.5, 0.25, 1.0, 0.5])
    reward = torch.sigmoid(module.signals(z)[0])
    shown, not_shown = (reward[:3] @ strength[:3]) / 3, (reward[3:] @ strength[3:]) / 2
    batch = replace(_batch(z, expert), strength=strength)
    assert torch.allclose(module.loss(batch), not_shown - shown, atol=1e-6)
    assert torch.equal(Batch.joined([batch.pick(np.arange(2)), batch.pick(np.arange(2, 5))]).strength, strength)
    with pytest.raises(InputError, match="without their strength"):
        module.loss(_batch(z, expert))


def test_equal_strengths_are_a_constant_one() -> None:
    z, expert = torch.randn(7, 6), torch.tensor([1.0, 1, 1, 1, 1, 0, 0])
    constant, function = _built(beta=2.0), _built(beta={"sources": {"a": 2.0}})
    batch = replace(_batch(z, expert), strength=torch.full((7,), 2.0))
    assert torch.equal(function.loss(batch), constant.loss(_batch(z, expert)))
    assert torch.equal(constant.loss(batch), constant.loss(_batch(z, expert)))


@pytest.mark.parametrize(("shown", "not_shown"), [(3.0, 1.0), (1.0, 3.0)])
def test_where_both_classes_are_alike_the_stronger_decides_by_as_much_as_the_docstring_says(
    shown: float, not_shown: float
) -> None:
    module = _built(members=1, beta={"sources": {"a": shown, "b": not_shown}}, saturation=0.5)
    z, expert = torch.randn(1, 6).expand(40, 6), torch.tensor([1.0, 0.0]).repeat(20)
    _fit(module, replace(_batch(z, expert), strength=torch.tensor([shown, not_shown]).repeat(20)))
    signal = module.signals(z[:1])[0, 0].detach()
    slope = torch.sigmoid(signal) * torch.sigmoid(-signal)
    assert (signal / slope).item() == pytest.approx((shown - not_shown) / (2 * 0.5), abs=0.02)


def test_saturation_adds_the_mean_square_of_the_logit_whatever_the_class_sizes() -> None:
    z, expert = torch.randn(7, 6), torch.tensor([1.0, 1, 1, 1, 1, 0, 0])
    free, held = _built(members=1, saturation=0.0), _built(members=1, saturation=0.5)
    squares = held.signals(z)[0].square()
    expected = free.loss(_batch(z, expert)) + 0.25 * (squares[:5].mean() + squares[5:].mean())
    assert torch.allclose(held.loss(_batch(z, expert)), expected, atol=1e-6)


def test_the_map_rises_from_0_to_1_whatever_its_parameters() -> None:
    module = _built()
    with torch.no_grad():
        for parameter in (module.share, module.slope, module.centre):
            parameter.normal_(0, 3)
    logits = module.logits(torch.linspace(-50, 50, 4001).expand(3, -1))
    assert (logits.diff(dim=1) >= 0).all()
    assert (module.logits(torch.full((3, 1), 1e4)) > 5).all()
    assert (module.logits(torch.full((3, 1), -1e4)) < -5).all()


def test_a_step_raises_demonstrations_and_lowers_negatives() -> None:
    module, z = _built(members=1, saturation=0.0), torch.randn(2, 6)
    batch = _batch(z, torch.tensor([1.0, 0.0]))
    before = module.signals(z)[0].detach()
    optimiser = torch.optim.SGD(module.parameters(), 0.05)
    module.loss(batch).backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    after = module.signals(z)[0]
    assert after[0] - after[1] > before[0] - before[1]


def test_the_optimum_is_what_the_docstring_says_of_the_density_ratio() -> None:
    """Two Gaussians on a line, four demonstrations to one negative: L/σ′(L) = β/λ·tanh(log ratio / 2)."""
    torch.manual_seed(0)
    x = torch.cat([torch.randn(12000, 1) + 0.5, torch.randn(3000, 1) - 0.5])
    fixed = torch.tensor([[1.0, -1.0, 0.5, -0.5]])  # LayerNorm hears only directions: x turns one
    z = torch.cat([x, fixed.expand(len(x), -1)], dim=1)
    expert = torch.cat([torch.ones(12000), torch.zeros(3000)])
    module = _built(5, members=1, hidden=16, saturation=0.05)
    _fit(module, _batch(z, expert))
    middle = x.squeeze(1).abs() < 1
    signal = module.signals(z[middle])[0].detach()
    slope = torch.sigmoid(signal) * torch.sigmoid(-signal)
    error = 0.05 * signal / slope - torch.tanh(x[middle, 0] / 2)
    assert error.abs().mean() < 0.06


def test_an_easy_problem_is_separated_without_saturating() -> None:
    torch.manual_seed(0)
    z = torch.cat([torch.randn(100, 6) + torch.tensor([3.0, 0, 0, 0, 0, 0]), torch.randn(100, 6)])
    z[100:, 1] += 3
    expert = torch.cat([torch.ones(100), torch.zeros(100)])
    module = _built()
    _fit(module, _batch(z, expert), steps=150)
    reward = torch.sigmoid(module.signals(z).mean(dim=0))
    assert reward[:100].mean() > 0.8
    assert reward[100:].mean() < 0.2
    assert module.signals(z).abs().max() < 6


def test_rows_without_weight_and_a_class_that_a_batch_lacks_teach_nothing() -> None:
    module, z = _built(members=1), torch.randn(6, 6)
    expert, weight = torch.tensor([1.0, 1, 0, 0, 1, 0]), torch.tensor([1.0, 1, 1, 1, 0, 0])
    alone = module.loss(_batch(z[:4], expert[:4]))
    assert torch.allclose(module.loss(_batch(z, expert, weight)), alone, atol=1e-6)
    assert torch.isfinite(module.loss(_batch(z, torch.ones(6))))


def test_members_begin_and_learn_apart() -> None:
    module, z = _built(), torch.randn(40, 6)
    assert module.signals(z).std(dim=0).mean() > 1e-3
    assert module.members == 3


def test_constant_and_huge_rows_give_finite_signals_and_gradients() -> None:
    rows = torch.stack([torch.zeros(6), torch.full((6,), 1e6), torch.linspace(-1e6, 1e6, 6)])
    module = _built()
    with torch.no_grad():
        module.head.mul_(1e4)
    module.loss(_batch(rows, torch.tensor([1.0, 0, 1]))).backward()  # type: ignore[no-untyped-call]
    assert torch.isfinite(module.signals(rows)).all()
    assert all(torch.isfinite(p.grad).all() for p in module.parameters() if p.grad is not None)


@pytest.mark.parametrize("steps", [1, 4])
def test_it_starts_between_0_and_1_not_at_an_end(steps: int) -> None:
    assert _built(steps=steps).signals(torch.randn(50, 6)).abs().max() < math.log(9)
