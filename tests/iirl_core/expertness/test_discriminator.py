from __future__ import annotations

import math

import pytest
import torch

from iirl_core.config.expertness import DiscriminatorSection
from iirl_core.errors import ConfigError
from iirl_core.expertness import Batch, Discriminator, build_expertness


def _built(width: int = 8, members: int = 3) -> Discriminator:
    torch.manual_seed(0)
    module = build_expertness(DiscriminatorSection(members=members), width)
    assert isinstance(module, Discriminator)
    return module


def test_the_class_weights_are_taken_out_of_the_signal() -> None:
    module, z = _built(), torch.randn(5, 8)
    before = module.signals(z)
    module.balance(30, 10)
    assert torch.allclose(before - module.signals(z), torch.full((3, 5), math.log(3)))


def test_the_class_weights_are_part_of_the_state() -> None:
    module = _built()
    module.balance(20, 10)
    other = _built()
    other.load_state_dict(module.state_dict())
    assert other.log_ratio == module.log_ratio


def test_an_empty_class_is_refused() -> None:
    with pytest.raises(ConfigError, match="0 negatives"):
        _built().balance(10, 0)


def test_the_signal_estimates_the_log_density_ratio_whatever_the_class_sizes() -> None:
    """Two Gaussians on a direction: log p_E/p_neg = 2·μ·x; four demonstrations to one negative do not shift it."""
    torch.manual_seed(0)
    good, bad = torch.randn(8000, 1) + 0.5, torch.randn(2000, 1) - 0.5
    x = torch.cat([good, bad])
    fixed = torch.tensor([1.0, -1.0, 0.5, -0.5])  # LayerNorm hears only directions: x turns one
    z = torch.cat([x, torch.ones(len(x), 1) @ fixed.unsqueeze(0)], dim=1)
    expert = torch.cat([torch.ones(8000), torch.zeros(2000)])
    module = build_expertness(DiscriminatorSection(members=2, hidden=16), 5)
    assert isinstance(module, Discriminator)
    module.balance(8000, 2000)
    optimiser = torch.optim.Adam(module.parameters(), 0.02)
    for _ in range(300):
        optimiser.zero_grad()
        module.loss(Batch(z, expert, torch.ones(len(z)), torch.arange(len(z)))).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    middle = z[x.squeeze(1).abs() < 1]
    truth = middle[:, 0]
    error = module.signals(middle).mean(dim=0) - truth
    assert error.abs().mean() < 0.15


def test_members_disagree_where_they_saw_little() -> None:
    module = _built()
    far = torch.randn(64, 8)
    assert module.signals(far).std(dim=0).mean() > 1e-3


def test_it_has_no_latents_of_its_own() -> None:
    assert _built().latents(torch.randn(2, 8)) is None


def test_constant_and_huge_rows_give_finite_signals() -> None:
    rows = torch.stack([torch.zeros(8), torch.full((8,), 1e6), torch.linspace(-1e6, 1e6, 8)])
    assert torch.isfinite(_built().signals(rows)).all()
