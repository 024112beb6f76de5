from __future__ import annotations

import pytest
import torch

from iirl_core.errors import ArtifactError
from iirl_core.reward_model import Whitening


def test_demonstrations_have_unit_variance_in_every_direction() -> None:
    torch.manual_seed(0)
    z = torch.randn(5000, 4) @ torch.randn(4, 4) + 7
    white = Whitening.fit(z).apply(z)
    floored = torch.diag(torch.cov(white.T, correction=0))
    assert torch.allclose(white.mean(dim=0), torch.zeros(4), atol=1e-4)
    assert torch.allclose(torch.cov(white.T, correction=0), torch.diag(floored), atol=1e-3)
    assert torch.allclose(floored[:2], torch.ones(2), atol=1e-3)


def test_a_direction_without_variance_is_not_stretched_without_limit() -> None:
    z = torch.cat([torch.randn(500, 1), torch.zeros(500, 1)], dim=1)
    matrix = Whitening.fit(z).matrix
    assert matrix.abs().max() < 11


def test_wide_rows_keep_the_sixteen_directions_of_most_variance() -> None:
    torch.manual_seed(0)
    scale = torch.linspace(5, 0.1, 40)
    white = Whitening.fit(torch.randn(2000, 40) * scale)
    assert white.width == 16
    assert white.matrix[:8].abs().sum() > 5 * white.matrix[32:].abs().sum()


def test_equal_points_give_finite_coordinates() -> None:
    z = torch.ones(10, 3)
    assert torch.isfinite(Whitening.fit(z).apply(z)).all()


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ArtifactError):
        Whitening(torch.zeros(3), torch.zeros(4, 2))
