from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from iirl_core.artifact import Guard
from iirl_core.errors import ArtifactError
from tests.iirl_core.artifact.samples import patch_at, trajectory_draft, walks


def test_root_rewards_are_those_without_patches() -> None:
    draft = trajectory_draft()
    patched = draft.model.with_patches([patch_at(draft.model, walks(1, seed=2)[0], strength=0.9, width=3.0)])
    assert patched.rows(draft.guard.z).suppressed.max() > 0.1
    assert torch.equal(Guard.of(patched, draft.guard.z).root_rewards, draft.guard.root_rewards)


def test_a_guard_set_survives_its_file(tmp_path: Path) -> None:
    guard = trajectory_draft().guard
    guard.save(tmp_path)
    again = Guard.load(tmp_path)
    for field in dataclasses.fields(Guard):
        assert torch.equal(getattr(again, field.name), getattr(guard, field.name))


def test_a_guard_set_that_guards_nothing_is_refused(tmp_path: Path) -> None:
    guard = trajectory_draft().guard
    with pytest.raises(ArtifactError, match="G ≥ 1"):
        dataclasses.replace(guard, z=guard.z[:0], root_rewards=guard.root_rewards[:0])
    with pytest.raises(ArtifactError, match="finite"):
        dataclasses.replace(guard, root_rewards=guard.root_rewards * torch.nan)
    with pytest.raises(ArtifactError, match="cannot be read"):
        Guard.load(tmp_path)


def test_a_guard_set_knows_what_the_root_gave_to_some_of_its_rows() -> None:
    guard = trajectory_draft().guard
    left = torch.ones(len(guard.z), dtype=torch.bool)
    left[[0, 3, 7, -1]] = False
    rounding = 1e-6 * torch.randn(guard.z[left].shape, generator=torch.Generator().manual_seed(0))
    assert torch.equal(guard.given(guard.z[left] + rounding), guard.root_rewards[left])


def test_of_equal_rows_each_keeps_its_own_place() -> None:
    z = torch.tensor([[0.0], [1.0], [1.0], [2.0]])
    guard = Guard(z, torch.tensor([0.1, 0.2, 0.3, 0.4]), z)
    assert torch.equal(guard.given(z[1:]), torch.tensor([0.2, 0.3, 0.4]))


def test_it_knows_nothing_of_rows_that_it_never_held() -> None:
    z = torch.arange(300.0).unsqueeze(1)
    guard = Guard(z[::3], torch.rand(100, generator=torch.Generator().manual_seed(0)), z[:0])
    given = guard.given(z)
    assert torch.equal(given[::3], guard.root_rewards)
    assert bool(given[1::3].isnan().all())
    assert bool(given[2::3].isnan().all())
