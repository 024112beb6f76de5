"""What a weight edit does to a mixture of two members and two experts, and what it leaves alone."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from iirl_core.errors import ArtifactError
from iirl_core.patch import Repairs, WeightEdit
from iirl_core.patch.edit import Change
from iirl_core.reward_model import RewardModel
from tests.iirl_core.artifact.samples import patch_at, trajectory_draft, walks


@pytest.fixture
def model() -> RewardModel:
    return trajectory_draft().model


def edit(model: RewardModel, name: str = "decode_2", rank: int = 2, seed: int = 0, size: float = 0.3) -> WeightEdit:
    *batch, rows, columns = model.expertness.get_parameter(name).shape
    generator = torch.Generator().manual_seed(seed)
    left = torch.randn(*batch, rows, rank, generator=generator)
    right = size * torch.randn(*batch, rank, columns, generator=generator)
    return WeightEdit((Change.of(name, left, right),), ("f-1",), ("n",), 2)


def test_a_product_of_low_rank_is_added_for_each_member_and_expert(model: RewardModel) -> None:
    made = edit(model)
    after = model.with_repairs(Repairs(edits=(made,)))
    moved = after.head.get_parameter("decode_2") - model.expertness.get_parameter("decode_2")
    assert torch.allclose(moved, made.changes[0].delta(), atol=1e-6)
    assert moved.shape == (2, 2, 8, 4)
    assert (torch.linalg.matrix_rank(moved, rtol=1e-4) == 2).all()
    for name, parameter in after.head.named_parameters():
        assert name == "decode_2" or torch.equal(parameter, model.expertness.get_parameter(name))
    assert model.with_repairs(Repairs()).head is model.expertness


@pytest.mark.parametrize("name", ["encode_1", "encode_2", "gate", "decode_2"])
def test_the_head_is_edited_and_places_stay_places(model: RewardModel, name: str) -> None:
    z = model.encoder.encode(walks(3, seed=9)).z
    phi, gate = model.space(z[:1], "latent")
    patch = dataclasses.replace(
        patch_at(model, walks(1, seed=9)[0], strength=0.4, width=1.0),
        space="latent",
        expert=int(gate[0].argmax()),
        centre=tuple(phi[0, int(gate[0].argmax())].tolist()),
    )
    repaired = model.with_repairs(Repairs((patch,), edits=(edit(model, name),)))
    rows, before = repaired.rows(z), model.with_patches([patch]).rows(z)
    assert before.suppressed.max() > 0.1
    assert not torch.allclose(rows.signal, before.signal, atol=1e-3)
    for column in ("suppressed", "support_distance", "gate", "unpatched"):
        assert torch.equal(getattr(rows, column), getattr(before, column))
    said = (rows.unpatched + rows.reshaped - rows.suppressed + rows.boosted).clamp(0, 1)
    assert torch.allclose(rows.reward, said, atol=1e-6)
    assert torch.equal(rows.reward, repaired.rewards(z))


def test_edits_add_up_whatever_their_order(model: RewardModel) -> None:
    z = model.encoder.encode(walks(3, seed=9)).z
    first, second = edit(model, seed=1), edit(model, seed=2)
    both, turned = (
        model.with_repairs(Repairs(edits=edits)).rows(z).signal for edits in ((first, second), (second, first))
    )
    assert torch.allclose(both, turned, atol=1e-6)
    assert not torch.allclose(both, model.with_repairs(Repairs(edits=(first,))).rows(z).signal, atol=1e-3)


def test_a_disabled_edit_does_nothing_and_keeps_its_name(model: RewardModel) -> None:
    z = model.encoder.encode(walks(3, seed=9)).z
    made = edit(model)
    off = dataclasses.replace(made, enabled=False)
    assert torch.equal(model.with_repairs(Repairs(edits=(off,))).rewards(z), model.rewards(z))
    both, other = Repairs(edits=(off, edit(model, seed=1))), Repairs(edits=(edit(model, seed=1),))
    assert torch.equal(model.with_repairs(both).rewards(z), model.with_repairs(other).rewards(z))
    assert off.id == made.id != edit(model, seed=1).id
    assert made.id.startswith("w-")
    assert made.where == "1 matrices of the head, rank 2"


def test_the_reward_stays_differentiable(model: RewardModel) -> None:
    z = (model.encoder.encode(walks(1, seed=9)).z + 0.5).requires_grad_()
    model.with_repairs(Repairs(edits=(edit(model),))).rewards(z).sum().backward()  # type: ignore[no-untyped-call]
    assert z.grad is not None
    assert z.grad.abs().sum() > 0


def test_what_is_no_edit_of_this_head_is_refused(model: RewardModel) -> None:
    change = edit(model).changes[0]
    strange = dataclasses.replace(change, parameter="decode_3")
    wide = Change.of("decode_2", torch.ones(2, 2, 8, 1), torch.ones(2, 2, 1, 5))
    for other, message in ((strange, "no such parameter"), (wide, r"expected \[2, 2, 8, 4\]")):
        for enabled in (True, False):
            with pytest.raises(ArtifactError, match=message):
                model.with_repairs(Repairs(edits=(WeightEdit((other,), (), (), 1, enabled),)))
    with pytest.raises(ArtifactError, match="by 31 and"):
        dataclasses.replace(change, left=change.left[:31])
    with pytest.raises(ArtifactError, match="NaN or infinity"):
        dataclasses.replace(change, right=(math.nan, *change.right[1:]))
    with pytest.raises(ArtifactError, match="of rank 0"):
        dataclasses.replace(change, rank=0)
    for changes in ((), (change, change)):
        with pytest.raises(ArtifactError, match="each once"):
            WeightEdit(changes, (), (), 1)
