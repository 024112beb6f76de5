from __future__ import annotations

import dataclasses

import pytest
import torch

from iirl_core.errors import ArtifactError
from iirl_core.patch import Projection, Repairs
from iirl_core.patch.projection import Removal
from iirl_core.reward_model import RewardModel
from tests.iirl_core.artifact.samples import patch_at, trajectory_draft, walks


@pytest.fixture
def model() -> RewardModel:
    return trajectory_draft().model


def removing(*axes: int, width: int = 4, centre: float = 0.0) -> Projection:
    rows = torch.eye(width)[list(axes)]
    return Projection.of(rows, torch.full((width,), centre), ("f-1",), ("n",), 2)


def test_a_direction_is_taken_out_and_the_rest_stays() -> None:
    z = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    made = Removal.of(removing(1, 3, centre=0.5)).apply(z)
    assert torch.equal(made[:, [0, 2]], z[:, [0, 2]])
    assert torch.allclose(made[:, [1, 3]], torch.full((50, 2), 0.5))


def test_the_head_sees_no_more_of_it_and_places_stay_places(model: RewardModel) -> None:
    z = model.encoder.encode(walks(3, seed=9)).z
    moved = z + torch.tensor([0.0, 0.0, 0.0, 0.7])
    patch = patch_at(model, walks(1, seed=9)[0], strength=0.4, width=1.0)
    repaired = model.with_repairs(Repairs((patch,), (removing(3),)))
    assert torch.allclose(repaired.rows(z).signal, repaired.rows(moved).signal, atol=1e-6)
    assert not torch.allclose(model.rows(z).signal, model.rows(moved).signal, atol=1e-2)
    rows, before = repaired.rows(z), model.with_patches([patch]).rows(z)
    assert torch.equal(rows.suppressed, before.suppressed)
    assert torch.equal(rows.support_distance, before.support_distance)
    assert torch.equal(rows.unpatched, model.rows(z).unpatched)
    said = (rows.unpatched + rows.reshaped - rows.suppressed + rows.boosted).clamp(0, 1)
    assert torch.allclose(rows.reward, said, atol=1e-6)
    assert torch.equal(rows.reward, repaired.rewards(z))


def test_a_disabled_projection_does_nothing(model: RewardModel) -> None:
    z = model.encoder.encode(walks(3, seed=9)).z
    off = dataclasses.replace(removing(3), enabled=False)
    assert torch.equal(model.with_repairs(Repairs(projections=(off,))).rewards(z), model.rewards(z))
    assert off.id == removing(3).id


def test_readings_say_what_it_did(model: RewardModel) -> None:
    (item,) = walks(1, seed=9)
    evidence = model.with_repairs(Repairs(projections=(removing(3),))).read([item])[0].evidence
    assert evidence.unpatched_reward == pytest.approx(model.read([item])[0].reward, abs=1e-6)
    assert evidence.reshaped != 0


def test_the_reward_stays_differentiable_and_flat_along_it(model: RewardModel) -> None:
    z = model.encoder.encode(walks(1, seed=9)).z.requires_grad_()
    model.with_repairs(Repairs(projections=(removing(3),))).rewards(z).sum().backward()  # type: ignore[no-untyped-call]
    assert z.grad is not None
    assert torch.allclose(z.grad[:, 3], torch.zeros(len(z)), atol=1e-6)


def test_what_is_no_projection_is_refused(model: RewardModel) -> None:
    with pytest.raises(ArtifactError, match="not orthonormal"):
        Projection(((1.0, 1.0),), (0.0, 0.0), (), (), 1)
    with pytest.raises(ArtifactError, match="as wide as its centre"):
        Projection(((1.0, 0.0),), (0.0,), (), (), 1)
    with pytest.raises(ArtifactError, match="of another width"):
        model.with_repairs(Repairs(projections=(removing(1, width=3),)))
