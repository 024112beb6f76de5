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
