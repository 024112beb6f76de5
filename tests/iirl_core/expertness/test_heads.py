from __future__ import annotations

import pytest
import torch

from iirl_core.config.expertness import BradleyTerrySection, DiscriminatorSection, JointSection
from iirl_core.expertness import Batch, Discriminator, ExpertnessSection, build_expertness
from iirl_core.expertness.heads import Heads

SECTIONS: list[ExpertnessSection] = [
    DiscriminatorSection(hidden=3, members=2),
    DiscriminatorSection(hidden=0, members=2),
    BradleyTerrySection(hidden=3, members=2),
    BradleyTerrySection(hidden=0, members=2),
    JointSection(hidden=3, members=2, steps=1),
    JointSection(hidden=0, members=2, steps=1),
]


def _built(section: ExpertnessSection, width: int = 6) -> Heads:
    torch.manual_seed(0)
    module = build_expertness(section, width)
    assert isinstance(module, Heads)
    for parameter in module.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    if isinstance(module, Discriminator):
        module.balance(4, 1)
    return module


@pytest.mark.parametrize(
    ("hidden", "members", "width", "units"),
    [(None, 4, 384, 96), (None, 1, 384, 384), (None, 5, 384, 76), (None, 4, 23, 16), (None, 4, 6, 6), (7, 4, 384, 7)],
)
def test_members_share_the_width_of_z_unless_that_leaves_them_too_little_or_they_are_told(
    hidden: int | None, members: int, width: int, units: int
) -> None:
    module = build_expertness(DiscriminatorSection(hidden=hidden, members=members), width)
    assert isinstance(module, Heads)
    assert module.dense.shape == (members, width, units)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: f"{section.family}-{section.hidden}")
def test_a_signal_is_a_line_of_the_heads_output(section: ExpertnessSection) -> None:
    module, z = _built(section), torch.randn(7, 6)
    affine = module.affine()
    assert affine is not None
    scale, shift = (numbers.unsqueeze(1) for numbers in affine)
    assert torch.allclose(module.signals(z), scale * module.outputs(z) + shift, atol=1e-5)


def test_a_map_of_several_steps_is_no_line() -> None:
    assert _built(JointSection(hidden=3, steps=4)).affine() is None


@pytest.mark.parametrize("section", SECTIONS[1:4:2], ids=lambda section: str(section.family))
def test_without_hidden_units_the_signal_is_a_line_through_the_origin(section: ExpertnessSection) -> None:
    module, z = _built(section), torch.randn(7, 6)
    assert [tuple(parameter.shape) for parameter in module.parameters()] == [(2, 6, 1)]
    assert torch.allclose(module.signals(3 * z) - module.signals(z), module.signals(2 * z), atol=1e-5)
    assert module.members == 2


def test_a_line_estimates_the_log_density_ratio_whatever_the_class_sizes() -> None:
    """Two Gaussians around ±0.5: log p_E/p_neg = x, which goes through the origin though four in five are experts."""
    torch.manual_seed(0)
    z = torch.cat([torch.randn(8000, 1) + 0.5, torch.randn(2000, 1) - 0.5])
    expert = torch.cat([torch.ones(8000), torch.zeros(2000)])
    module = _built(DiscriminatorSection(members=1, hidden=0), width=1)
    assert isinstance(module, Discriminator)
    module.balance(8000, 2000)
    optimiser = torch.optim.Adam(module.parameters(), 0.05)
    for _ in range(200):
        optimiser.zero_grad()
        module.loss(Batch(z, expert, torch.ones(len(z)), torch.arange(len(z)))).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    assert abs(module.signals(torch.ones(1, 1)).item() - 1) < 0.1
