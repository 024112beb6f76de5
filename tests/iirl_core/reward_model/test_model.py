from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from iirl_core.demonstration import Trajectory
from iirl_core.errors import ArtifactError, InputError
from iirl_core.expertness import Latents
from iirl_core.patch.ball import Ball
from iirl_core.patch.patch import SPACES, Patch, Space
from iirl_core.patch.repairs import Repairs
from iirl_core.patch.sculpt import Sculpt
from iirl_core.reward_model import RewardModel
from tests.iirl_core.artifact.samples import patch_at, text_draft, trajectory_draft, walks


@pytest.fixture
def model() -> RewardModel:
    return trajectory_draft().model


def test_rewards_are_the_equation_with_one_clip(model: RewardModel) -> None:
    (item,) = walks(1, seed=9)
    first = patch_at(model, item, strength=3.0, width=1.0)
    second = dataclasses.replace(first, effect="boost", strength=2.5)
    rows = model.with_patches([first, second]).rows(model.encoder.encode([item]).z)
    assert rows.suppressed.max() == 3.0
    assert torch.allclose(rows.reward, (rows.unpatched - rows.suppressed + rows.boosted).clamp(0, 1))
    assert rows.reward[0] == pytest.approx(rows.unpatched[0].item() - 0.5, abs=1e-6)


def test_without_patches_the_reward_is_the_map_of_the_mean_signal(model: RewardModel) -> None:
    z = model.encoder.encode(walks(2, seed=9)).z
    rows = model.rows(z)
    assert torch.allclose(rows.signal, model.expertness.signals(z).mean(dim=0))
    assert torch.equal(rows.reward, model.mapping.reward(rows.signal))


def test_repairs_in_several_spaces_share_one_look_at_the_latents(
    model: RewardModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    (item,) = walks(1, seed=9)
    z = model.encoder.encode([item]).z
    latent, residual = (tuple(model.space(z[:1], space)[0][0, 0].tolist()) for space in ("latent", "residual"))
    ball = Ball("latent", 0, latent, core=0.1, radius=0.3)
    sculpt = Sculpt("lower", ((-2.0, 0.0), (0.0, 0.5)), ("f",), ("n",), 1, ball=ball)
    near = patch_at(model, item)
    far = dataclasses.replace(near, space="residual", centre=residual)
    repaired = model.with_repairs(Repairs(patches=(near, far), sculpts=(sculpt,)))
    asked, latents = list[int](), model.expertness.latents

    def counted(rows: torch.Tensor) -> Latents | None:
        asked.append(len(rows))
        return latents(rows)

    monkeypatch.setattr(repaired.expertness, "latents", counted)
    repaired.rewards(z)
    assert asked == [len(z)]
    repaired.rows(z)
    assert asked == [len(z)] * 2


def test_a_trajectory_is_read_step_by_step(model: RewardModel) -> None:
    items = walks(3, seed=9)
    rows = model.rows(model.encoder.encode(items[1:2]).z)
    reading = model.read(items)[1]
    assert reading.step_rewards == pytest.approx(tuple(rows.reward.tolist()), abs=1e-5)
    assert reading.reward == pytest.approx(np.mean(reading.step_rewards), abs=1e-6)
    assert reading.signal == pytest.approx(rows.signal.mean().item(), abs=1e-5)
    assert reading.uncertainty == pytest.approx(rows.uncertainty.max().item(), abs=1e-5)
    assert reading.tokens is None


def test_uncertainty_is_the_larger_part_and_grows_away_from_the_demonstrations(model: RewardModel) -> None:
    (near,) = walks(1, seed=9)
    assert isinstance(near, Trajectory)
    far = Trajectory(near.observations + 3, near.actions)
    readings = model.read([near, far])
    for reading in readings:
        assert reading.uncertainty == max(reading.evidence.disagreement, reading.evidence.support_distance)
    assert readings[0].evidence.support_distance < 0.6
    assert readings[1].evidence.support_distance > 0.8
    assert readings[1].reward < readings[0].reward


def test_evidence_names_the_patches_that_touched_it_strongest_first(model: RewardModel) -> None:
    near, other = walks(2, seed=9)
    weak, strong = patch_at(model, near, strength=0.1), patch_at(model, near, strength=0.4)
    disabled = dataclasses.replace(patch_at(model, near, strength=0.9), enabled=False)
    elsewhere = patch_at(model, Trajectory(np.full((1, 3), 90.0, np.float32), np.zeros((1, 1), np.float32)))
    patched = model.with_patches([weak, elsewhere, strong, disabled])
    assert patched.read([near])[0].evidence.patches == (strong.id, weak.id)
    assert patched.read([other, near])[1].evidence.patches == (strong.id, weak.id)


def test_at_most_eight_patches_are_named(model: RewardModel) -> None:
    (item,) = walks(1, seed=9)
    patches = [patch_at(model, item, strength=0.01 * (1 + index)) for index in range(12)]
    named = model.with_patches(patches).read([item])[0].evidence.patches
    assert named == tuple(patch.id for patch in reversed(patches[4:]))


@pytest.mark.parametrize("space", SPACES)
def test_every_space_has_a_gate_that_sums_to_one_and_is_differentiable(model: RewardModel, space: Space) -> None:
    z = model.encoder.encode(walks(1, seed=9)).z.requires_grad_()
    phi, gate = model.space(z, space)
    assert phi.shape[:2] == gate.shape
    assert torch.allclose(gate.sum(dim=1), torch.ones(len(z)))
    phi.sum().backward()  # type: ignore[no-untyped-call]
    assert z.grad is not None
    assert z.grad.abs().sum() > 0


def test_the_reward_can_be_climbed_through_patches(model: RewardModel) -> None:
    (item,) = walks(1, seed=9)
    z = model.encoder.encode([item]).z
    off = (z + 0.2).requires_grad_()
    model.with_patches([patch_at(model, item, strength=0.3, width=2.0)]).rows(off).reward.sum().backward()  # type: ignore[no-untyped-call]
    assert off.grad is not None
    assert torch.isfinite(off.grad).all()
    assert off.grad.abs().sum() > 0


def test_long_trajectories_are_read_in_chunks_without_a_seam(model: RewardModel) -> None:
    (item,) = walks(1, seed=9)
    assert isinstance(item, Trajectory)
    assert item.actions is not None
    many = Trajectory(np.tile(item.observations, (400, 1)), np.tile(item.actions, (400, 1)))
    patched = model.with_patches([patch_at(model, item)])
    assert patched.read([many])[0].reward == pytest.approx(patched.read([item])[0].reward, abs=1e-5)


def test_a_patch_that_does_not_fit_the_model_is_refused(model: RewardModel) -> None:
    def at(space: Space, expert: int, width: int) -> Patch:
        return Patch("suppress", space, expert, (0.0,) * width, 1.0, 1.0, (), (), round=1)

    model.with_patches([at("latent", 1, 1), at("residual", 0, 2), at("input", 0, 4)])
    for wrong in (at("latent", 2, 1), at("latent", 0, 2), at("input", 1, 4), at("residual", 0, 1)):
        with pytest.raises(ArtifactError, match="expert below"):
            model.with_patches([wrong])


def test_no_input_gives_no_reading(model: RewardModel) -> None:
    assert model.read([]) == []


def test_a_conversation_given_to_a_model_of_trajectories_is_refused(model: RewardModel) -> None:
    from iirl_core.demonstration import conversation

    with pytest.raises(InputError, match="conversation"):
        model.read([conversation("a", "b")])


def test_text_models_have_all_spaces_and_one_expert() -> None:
    model = text_draft().model
    z = text_draft().guard.z
    assert [tuple(model.space(z, space)[0].shape[1:]) for space in SPACES] == [(1, 16), (1, 17), (1, 384)]
    assert model.rows(z).gate.tolist() == [[1.0]] * len(z)


def test_rewards_alone_are_the_column_of_the_rows(model: RewardModel) -> None:
    (item,) = walks(1, seed=9)
    patched, z = model.with_patches([patch_at(model, item)]), model.encoder.encode([item]).z
    assert torch.equal(patched.rewards(z), patched.rows(z).reward)
    assert patched.rewards(z[:0]).shape == (0,)


def test_rewards_and_disagreement_alone_are_the_columns_of_the_rows(model: RewardModel) -> None:
    (item,) = walks(1, seed=9)
    patched, z = model.with_patches([patch_at(model, item)]), model.encoder.encode([item]).z
    reward, disagreement = patched.with_disagreement(z)
    assert torch.equal(reward, patched.rows(z).reward)
    assert torch.equal(disagreement, patched.rows(z).disagreement)
    assert disagreement.max() > 0


def test_patches_of_one_space_with_centres_of_different_lengths_are_refused_by_name(model: RewardModel) -> None:
    right = patch_at(model, walks(1, seed=9)[0])
    short = dataclasses.replace(right, centre=right.centre[:-1])
    with pytest.raises(ArtifactError, match=short.id):
        model.with_patches([right, short])
