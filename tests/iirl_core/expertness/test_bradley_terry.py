from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from iirl_core.config.expertness import BradleyTerrySection
from iirl_core.errors import InputError
from iirl_core.expertness import Batch, build_expertness
from iirl_core.expertness.bradley_terry import BradleyTerry


def _built(width: int = 6, **changes: float) -> BradleyTerry:
    torch.manual_seed(0)
    module = build_expertness(BradleyTerrySection(**{"members": 3, **changes}), width)  # type: ignore[arg-type]
    assert isinstance(module, BradleyTerry)
    return module


def _batch(
    z: Tensor, margin: Tensor | None = None, weight: Tensor | None = None, expert: Tensor | None = None
) -> Batch:
    """Rejected and chosen by turns, as features hold them."""
    sides = torch.tensor([0.0, 1.0]).repeat(len(z) // 2)
    return Batch(
        z,
        sides if expert is None else expert,
        torch.ones(len(z)) if weight is None else weight,
        torch.arange(len(z)),
        margin,
    )


def _fit(module: BradleyTerry, batch: Batch, steps: int = 200) -> None:
    optimiser = torch.optim.Adam(module.parameters(), 0.02)
    for _ in range(steps):
        optimiser.zero_grad()
        module.loss(batch).backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def test_the_loss_is_the_formula_with_margin_smoothing_and_centring() -> None:
    module = _built(members=1, margin=0.5, label_smoothing=0.1, centring=0.2)
    z, margin = torch.randn(8, 6), torch.tensor([0.0, 1, 2, 0]).repeat_interleave(2)
    signal = module.signals(z)[0]
    expected = torch.zeros(())
    for pair in range(4):
        rejected, chosen = signal[2 * pair], signal[2 * pair + 1]
        gap = chosen - rejected - 0.5 * margin[2 * pair]
        expected = expected - 0.9 * logsigmoid(gap) - 0.1 * logsigmoid(-gap) + 0.2 * (chosen + rejected) ** 2
    assert torch.allclose(module.loss(_batch(z, margin)), expected / 4, atol=1e-6)


def test_without_a_margin_it_is_0_and_the_order_of_the_sides_does_not_matter() -> None:
    module, z = _built(), torch.randn(8, 6)
    assert torch.equal(module.loss(_batch(z)), module.loss(_batch(z, torch.zeros(8))))
    turned = z.reshape(4, 2, 6).flip(1).reshape(8, 6)
    expert = torch.tensor([1.0, 0.0]).repeat(4)
    assert torch.allclose(module.loss(_batch(turned, expert=expert)), module.loss(_batch(z)), atol=1e-6)


def test_a_step_raises_the_chosen_above_the_rejected() -> None:
    module, z = _built(members=1, centring=0.0), torch.randn(2, 6)
    before = module.signals(z)[0].detach()
    module.loss(_batch(z)).backward()  # type: ignore[no-untyped-call]
    torch.optim.SGD(module.parameters(), 0.05).step()
    after = module.signals(z)[0]
    assert after[1] - after[0] > before[1] - before[0]


def test_an_easy_problem_is_learnt_and_centred() -> None:
    """The chosen lies along one axis; what the two sides share (the prompt) adds to both and must not count."""
    torch.manual_seed(0)
    prompt = torch.randn(200, 6)
    sides = torch.stack([prompt - torch.eye(6)[0], prompt + torch.eye(6)[0]], dim=1)
    module = _built(hidden=16, centring=0.1)
    _fit(module, _batch(sides.reshape(400, 6)))
    signal = module.signals(sides.reshape(400, 6)).mean(dim=0).reshape(200, 2)
    assert (signal[:, 1] > signal[:, 0]).float().mean() > 0.95
    assert signal.mean().abs() < 0.1 * (signal[:, 1] - signal[:, 0]).mean()


def test_centring_pulls_each_pair_to_zero() -> None:
    torch.manual_seed(0)
    z = torch.randn(100, 6)
    spread = []
    for centring in (0.0, 1.0):
        module = _built(members=1, hidden=16, centring=centring)
        with torch.no_grad():
            module.head_bias.fill_(3.0)
        _fit(module, _batch(z))
        signal = module.signals(z)[0].reshape(50, 2)
        spread.append(float(signal.sum(dim=1).square().mean().detach()))
    assert spread[1] < 0.1 * spread[0]


def test_smoothing_keeps_a_separable_problem_finite() -> None:
    torch.manual_seed(0)
    z = torch.tensor([[1.0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1.0]]).repeat(20, 1)
    module = _built(members=1, label_smoothing=0.1, centring=0.0)
    _fit(module, _batch(z), steps=400)
    gap = module.signals(z[:2])[0].diff()
    assert float(gap.detach()) == pytest.approx(2.197, abs=0.05)  # log(0.9/0.1)


def test_comparisons_without_weight_teach_nothing() -> None:
    module, z = _built(), torch.randn(8, 6)
    weight = torch.tensor([1.0] * 4 + [0.0] * 4)
    assert torch.allclose(module.loss(_batch(z, weight=weight)), module.loss(_batch(z[:4])), atol=1e-6)
    assert torch.isfinite(module.loss(_batch(z, weight=torch.zeros(8))))


@pytest.mark.parametrize("sides", [[1.0, 0.0, 1.0], [1.0, 1.0], [0.0, 1.0, 0.0, 0.0]])
def test_rows_that_are_no_pairs_are_refused(sides: list[float]) -> None:
    with pytest.raises(InputError, match="not pairs"):
        _built().loss(_batch(torch.randn(len(sides), 6), expert=torch.tensor(sides)))
