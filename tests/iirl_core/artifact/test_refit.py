from __future__ import annotations

import copy
import dataclasses
from pathlib import Path

import pytest
import torch

from iirl_core.artifact import Artifact, ArtifactDraft, Mode, Provenance, Supervision, load_from, seal, seal_child
from iirl_core.errors import ArtifactError
from iirl_core.patch.budget import BUDGET, check_budget
from iirl_core.reward_model import RewardModel
from iirl_core.store import DirectoryStore
from tests.iirl_core.artifact.samples import patch_at, trajectory_draft, walks


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


@pytest.fixture
def root(store: DirectoryStore) -> Artifact:
    return load_from(store, seal(store, trajectory_draft()))


def refitted(parent: Artifact, change: float) -> ArtifactDraft:
    """A model whose weights moved from the parent's."""
    held = parent.model
    expertness = copy.deepcopy(held.expertness)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in expertness.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator), alpha=change)
    model = RewardModel(held.encoder, expertness, held.mapping, held.spaces, held.support)
    return dataclasses.replace(trajectory_draft(), model=model, parent=parent)


def test_a_refit_is_the_next_version_and_keeps_the_roots_guard_set(store: DirectoryStore, root: Artifact) -> None:
    child = load_from(store, seal(store, refitted(root, 1e-4)))
    assert (child.manifest.parent, child.manifest.version) == (root.digest, "0.2.0")
    assert child.manifest.guard == root.manifest.guard
    assert torch.equal(child.guard.root_rewards, root.guard.root_rewards)
    assert not torch.equal(child.model.rewards(child.guard.z), root.guard.root_rewards)
    mean = float(child.model.rewards(child.guard.z).double().mean())
    assert child.manifest.metrics["guard_reward_mean"] == pytest.approx(mean, rel=1e-5)
    assert child.digest != root.digest


def test_a_refit_that_takes_from_the_guard_set_is_refused_with_the_numbers(
    store: DirectoryStore, root: Artifact
) -> None:
    with pytest.raises(ArtifactError, match=r"\d+ of \d+ known-good inputs .* the worst keeps \d.*Learn more slowly"):
        seal(store, refitted(root, 0.3))
    assert [key for key in store.list("artifacts/") if key.endswith("manifest.json")] == [
        f"artifacts/{root.digest.replace(':', '-')}/manifest.json"
    ]


def test_what_many_refits_take_is_charged_together(store: DirectoryStore, root: Artifact) -> None:
    """Each step is small against its parent, but the budget is the root's."""
    first = load_from(store, seal(store, refitted(root, 2e-3)))
    second = refitted(first, 1e-3)
    z = root.guard.z
    assert check_budget(first.model.rewards(z), second.model.rewards(z), BUDGET).holds
    with pytest.raises(ArtifactError, match="known-good inputs lose more"):
        seal(store, second)


def test_a_refit_starts_without_patches_and_claims_no_more_than_its_parent(
    store: DirectoryStore, root: Artifact
) -> None:
    patched = load_from(store, seal_child(store, root, [patch_at(root.model, walks(1, seed=9)[0], strength=0.01)]))
    less = Provenance(Mode.FROZEN_POLICY, Supervision.PREFERENCE)
    draft = dataclasses.replace(refitted(patched, 1e-4), provenance=less)
    child = load_from(store, seal(store, draft))
    assert (child.manifest.version, child.manifest.patches) == ("0.2.0", 0)
    again = load_from(store, seal(store, refitted(child, 1e-4)))
    assert again.manifest.version == "0.3.0"
    assert (again.manifest.mode, again.manifest.supervision) == (Mode.FROZEN_POLICY, Supervision.PREFERENCE)
