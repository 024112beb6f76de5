from __future__ import annotations

import math

import pytest
import torch

from iirl_core.errors import ArtifactError
from iirl_core.patch import Ball

BALL = Ball("input", 1, (1.0, 0.0), core=0.5, radius=2.0)


def weights(distances: torch.Tensor, gate: float = 1.0) -> torch.Tensor:
    phi = torch.zeros(len(distances), 2, 2)
    phi[:, 1] = torch.stack([1 + distances, torch.zeros(len(distances))], dim=1)
    return BALL.weight(phi, torch.tensor([[0.3, gate]]).expand(len(distances), 2))


def test_it_is_whole_in_its_core_and_nothing_from_its_radius_on() -> None:
    found = weights(torch.tensor([0.0, 0.5, 1.0, 1.9, 2.0, 5.0]))
    assert found[:2].tolist() == [1, 1]
    assert 1 > found[2] > found[3] > 0
    assert found[4:].tolist() == [0, 0]
    assert weights(torch.tensor([0.0]), gate=0.25).tolist() == [0.25]


def test_it_falls_smoothly() -> None:
    distances = torch.linspace(0, 3, 3001, dtype=torch.float32)
    slopes = weights(distances).double().diff() / distances.double().diff()
    assert slopes.max() <= 1e-3
    assert slopes.diff().abs().max() < 0.02, "no kink, at the core's edge or at the radius"


@pytest.mark.parametrize(("core", "radius"), [(-0.1, 1.0), (1.0, 1.0), (2.0, 1.0), (0.0, math.inf), (math.nan, 1.0)])
def test_what_is_no_ball_is_refused(core: float, radius: float) -> None:
    with pytest.raises(ArtifactError, match="a ball"):
        Ball("input", 0, (0.0,), core, radius)


def test_it_needs_a_space_and_a_place() -> None:
    for space, centre in (("elsewhere", (0.0,)), ("input", ())):
        with pytest.raises(ArtifactError, match="a ball in space"):
            Ball(space, 0, centre, 0.0, 1.0)  # type: ignore[arg-type]
