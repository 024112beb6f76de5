"""Where length goes with the class, a signal follows it; debiased, it follows it less."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from iirl_core.config.expertness import BradleyTerrySection, DiscriminatorSection, JointSection, MixtureSection
from iirl_core.errors import InputError
from iirl_core.expertness import Batch, Expertness, ExpertnessSection, build_expertness
from iirl_core.expertness.length import length_correlation

SECTIONS: list[ExpertnessSection] = [
    DiscriminatorSection(hidden=16, members=2),
    DiscriminatorSection(hidden=0, members=2),
    JointSection(hidden=16, members=2),
    BradleyTerrySection(hidden=16, members=2),
]


def batch(rows: int = 400) -> Batch:
    """Sides by turns; z holds what makes an answer good, and its length, which goes with it."""
    generator = torch.Generator().manual_seed(0)
    expert = torch.tensor([0.0, 1.0]).repeat(rows // 2)
    noise = torch.randn(rows, 6, generator=generator)
    length = 4 + 0.8 * expert + 0.5 * noise[:, 0]
    z = noise.clone()
    z[:, 0] = length - length.mean()
    z[:, 1] += 1.2 * (2 * expert - 1)
    return Batch(z, expert, torch.ones(rows), torch.arange(rows), length=length)


def fitted(section: ExpertnessSection, debias: float, steps: int = 150) -> Expertness:
    torch.manual_seed(0)
    module = build_expertness(section.model_copy(update={"length_debias": debias}), 6)
    optimiser, one = torch.optim.Adam(module.parameters(), 0.02), batch()
    for _ in range(steps):
        optimiser.zero_grad()
        module(**one.tensors()).backward()
        optimiser.step()
    return module


def correlation(module: Expertness) -> float:
    """Of the mean signal and length."""
    one = batch()
    signal = module.signals(one.z).mean(dim=0).detach().numpy()
    assert one.length is not None
    return float(np.corrcoef(signal, one.length.numpy())[0, 1])


def right(module: Expertness) -> float:
    """How often the better of two neighbours has the higher signal."""
    signal = module.signals(batch().z).mean(dim=0).reshape(-1, 2)
    return float((signal[:, 1] > signal[:, 0]).float().mean())


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: f"{section.family}-{section.hidden}")
def test_the_correlation_falls_and_what_else_tells_the_classes_apart_stays(section: ExpertnessSection) -> None:
    plain, debiased = fitted(section, 0.0), fitted(section, 10.0)
    assert correlation(plain) > 0.5
    assert abs(correlation(debiased)) < 0.3 * correlation(plain)
    assert right(debiased) > 0.7  # less than before: length did tell them apart


def test_reconstruction_is_debiased_among_demonstrations() -> None:
    section = MixtureSection(experts=2, bottleneck=2, hidden=16)
    one = batch()
    shown = one.pick(np.flatnonzero(one.expert.numpy() == 1))
    shown.z[:, 2:] *= shown.z[:, :1].exp()  # the longer, the wilder: the harder to reconstruct
    found = []
    for debias in (0.0, 10.0):
        torch.manual_seed(0)
        module = build_expertness(section.model_copy(update={"length_debias": debias}), 6)
        optimiser = torch.optim.Adam(module.parameters(), 0.01)
        for _ in range(300):
            optimiser.zero_grad()
            module.loss(shown).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        assert shown.length is not None
        signal = module.signals(shown.z).mean(dim=0).detach().numpy()
        found.append(abs(float(np.corrcoef(signal, shown.length.numpy())[0, 1])))
    assert found[0] > 0.25
    assert found[1] < 0.3 * found[0]


def test_the_correlation_is_numpy_s_and_weights_count_as_copies() -> None:
    generator = torch.Generator().manual_seed(1)
    signals, length = torch.randn(2, 30, generator=generator), torch.randn(30, generator=generator)
    copies = torch.randint(0, 4, (2, 30), generator=generator)
    found = length_correlation(signals, length, copies.float())
    for member in range(2):
        times = copies[member].numpy()
        expected = np.corrcoef(np.repeat(signals[member].numpy(), times), np.repeat(length.numpy(), times))[0, 1]
        assert float(found[member]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("length", [torch.full((8,), 3.0), torch.arange(8.0)])
def test_what_is_all_the_same_has_no_correlation_and_no_nan(length: Tensor) -> None:
    signals = torch.zeros(1, 8, requires_grad=True)
    length_correlation(signals, length, torch.ones(1, 8)).square().mean().backward()  # type: ignore[no-untyped-call]
    assert signals.grad is not None
    assert bool(torch.isfinite(signals.grad).all())


@pytest.mark.parametrize(
    "section", [*SECTIONS, MixtureSection(experts=4, bottleneck=2)], ids=lambda section: section.family
)
def test_a_loss_without_debiasing_does_not_look_at_lengths(section: ExpertnessSection) -> None:
    module, one = build_expertness(section, 6), batch()
    without = Batch(one.z, one.expert, one.weight, one.row)
    assert torch.equal(module.loss(one), module.loss(without))
    debiased = build_expertness(section.model_copy(update={"length_debias": 1.0}), 6)
    with pytest.raises(InputError, match="without the length of their answers"):
        debiased.loss(without)
