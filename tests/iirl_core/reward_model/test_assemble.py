from __future__ import annotations

import pytest
import torch

from iirl_core.config.mapping import ExponentialSection, SigmoidSection
from iirl_core.errors import ConfigError
from iirl_core.mapping.exponential import Exponential
from iirl_core.reward_model import assemble
from iirl_core.reward_model.assemble import support_samples
from tests.iirl_core.artifact.samples import trajectory_draft, walks


def test_support_samples_fill_the_widened_box() -> None:
    z = torch.tensor([[0.0, -1.0], [2.0, 1.0]])
    samples = support_samples(z, margin=0.5)
    assert torch.allclose(samples.min(dim=0).values, torch.tensor([-1.0, -2.0]), atol=0.01)
    assert torch.allclose(samples.max(dim=0).values, torch.tensor([3.0, 2.0]), atol=0.01)
    assert torch.equal(samples, support_samples(z, margin=0.5))


def test_one_class_is_anchored_at_held_out_demonstrations_and_the_support() -> None:
    model = trajectory_draft().model
    z = model.encoder.encode(walks(10, seed=2)).z
    assert isinstance(model.mapping, Exponential)
    errors = -model.rows(z).signal
    assert model.mapping.l_min == pytest.approx(errors.quantile(0.9).item(), rel=1e-4)
    train = model.encoder.encode(walks(40, seed=1)).z
    contrast = -model.rows(support_samples(train, 0.5)).signal
    assert model.mapping.l_max == pytest.approx(contrast.quantile(0.05).item(), rel=1e-4)


def test_assembling_twice_gives_the_same_model() -> None:
    model = trajectory_draft().model
    z, guard = model.encoder.encode(walks(40, seed=1)).z, model.encoder.encode(walks(10, seed=2)).z
    again = assemble(ExponentialSection(), model.encoder, model.expertness, z_train=z, z_guard=guard, z_contrast=None)
    assert again.mapping == model.mapping
    assert torch.equal(again.support.points, model.support.points)
    assert torch.equal(again.spaces.whole.matrix, model.spaces.whole.matrix)


def test_what_cannot_be_calibrated_is_refused() -> None:
    model = trajectory_draft().model
    z = model.encoder.encode(walks(4, seed=1)).z
    with pytest.raises(ConfigError, match="0 guard"):
        assemble(ExponentialSection(), model.encoder, model.expertness, z_train=z, z_guard=z[:0], z_contrast=None)
    with pytest.raises(ConfigError, match="needs a contrast"):
        assemble(SigmoidSection(), model.encoder, model.expertness, z_train=z, z_guard=z, z_contrast=None)
    with pytest.raises(ConfigError, match="inverted"):
        assemble(ExponentialSection(), model.encoder, model.expertness, z_train=z, z_guard=z, z_contrast=z)
