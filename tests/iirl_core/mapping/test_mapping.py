from __future__ import annotations

import pytest
import torch

from iirl_core.config.mapping import ExponentialSection, PiecewiseLinearSection, SigmoidSection
from iirl_core.errors import ArtifactError, ConfigError
from iirl_core.mapping import MappingSection, calibrate, from_document

DEMONSTRATIONS = -torch.linspace(0.0, 1.0, 1001)
CONTRAST = -torch.linspace(2.0, 4.0, 1001)
SECTIONS: list[MappingSection] = [ExponentialSection(), SigmoidSection(), PiecewiseLinearSection()]


def test_exponential_gives_its_anchors() -> None:
    mapping = calibrate(ExponentialSection(), DEMONSTRATIONS, CONTRAST)
    anchors = torch.tensor([-0.9, -2.1])  # quantile 0.9 of the errors 0…1, quantile 0.05 of 2…4
    assert torch.allclose(mapping.reward(anchors), torch.tensor([1.0, 0.01]), atol=1e-5)


def test_sigmoid_gives_its_anchors() -> None:
    mapping = calibrate(SigmoidSection(), DEMONSTRATIONS, CONTRAST)
    anchors = torch.tensor([-0.5, -3.0])  # the medians
    assert torch.allclose(mapping.reward(anchors), torch.tensor([0.8, 0.1]), atol=1e-5)


@pytest.mark.parametrize("section", SECTIONS)
def test_rewards_stay_in_the_unit_interval_and_rise_with_the_signal(section: MappingSection) -> None:
    mapping = calibrate(section, DEMONSTRATIONS, CONTRAST)
    rewards = mapping.reward(torch.cat([torch.tensor([-1e30]), torch.linspace(-10, 10, 999), torch.tensor([1e30])]))
    assert rewards.min() >= 0
    assert rewards.max() <= 1
    assert (rewards.diff() >= 0).all()


@pytest.mark.parametrize("section", SECTIONS)
def test_inverted_anchors_are_refused_in_words(section: MappingSection) -> None:
    with pytest.raises(ConfigError, match="anchors are inverted"):
        calibrate(section, CONTRAST, DEMONSTRATIONS)


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("signals", [torch.zeros(0), torch.tensor([0.0, torch.nan])])
def test_signals_that_cannot_anchor_are_refused(section: MappingSection, signals: torch.Tensor) -> None:
    with pytest.raises(ConfigError, match="contrast"):
        calibrate(section, DEMONSTRATIONS, signals)


def test_a_sigmoid_whose_rewards_are_swapped_is_refused() -> None:
    with pytest.raises(ConfigError, match="earn more"):
        calibrate(SigmoidSection(demonstration_reward=0.1, contrast_reward=0.8), DEMONSTRATIONS, CONTRAST)


@pytest.mark.parametrize("section", SECTIONS)
def test_the_document_holds_the_whole_map(section: MappingSection) -> None:
    mapping = calibrate(section, DEMONSTRATIONS, CONTRAST)
    assert from_document(dict(mapping.document())) == mapping


@pytest.mark.parametrize(
    "document",
    [
        None,
        {"kind": "step"},
        {"kind": "sigmoid", "centre": 0.0},
        {"kind": "sigmoid", "centre": 0.0, "scale": -1.0},
        {"kind": "exponential", "l_min": 1.0, "l_max": 1.0, "k": 4.6},
        {"kind": "piecewise_linear"},
        {"kind": "piecewise_linear", "signal_0": 0.0, "reward_0": 0.5},
        {"kind": "piecewise_linear", "signal_0": 0.0, "reward_0": 0.0, "signal_2": 1.0, "reward_2": 1.0},
    ],
)
def test_a_document_that_is_no_map_is_refused(document: dict[str, str | float] | None) -> None:
    with pytest.raises(ArtifactError):
        from_document(document)  # type: ignore[arg-type]


@pytest.mark.parametrize("section", SECTIONS)
def test_the_reward_can_be_climbed(section: MappingSection) -> None:
    signal = torch.tensor([-1.5], requires_grad=True)
    calibrate(section, DEMONSTRATIONS, CONTRAST).reward(signal).sum().backward()  # type: ignore[no-untyped-call]
    assert signal.grad is not None
    assert signal.grad > 0
