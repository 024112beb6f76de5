"""Forgetting again and again is charged together, without Ray: children are sealed here as forgetting seals them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cluster.session import Session
from iirl_core.artifact import Artifact, ArtifactDraft, load_from, seal, seal_child
from iirl_core.canonical import folder_of
from iirl_core.config import Config
from iirl_core.demonstration import conversation
from iirl_core.encoder import Encoder, fit_encoder
from iirl_core.errors import ArtifactError
from iirl_core.patch.budget import KNOWN_GOOD
from iirl_core.store import DirectoryStore
from iirl_core.unlearning import Way
from jobs.forget.charging import _held, charge, oldest_of
from jobs.forget.job import _check_charge
from jobs.train.learnable import read_sources
from jobs.train.preparing import Run
from jobs.train.sources import Sources
from tests.iirl_core.artifact.samples import patch_at, text_draft
from tests.iirl_core.unlearning.test_forgotten import FORGOTTEN
from tests.jobs.forget.made import ALL, OURS, items, learnt, made, quiet, rows
from tests.jobs.train.made import tuned_config, walks

KEPT = 0.97
"""What each forgetting leaves of a known-good reward: within the budget by itself, twice it is not."""


@pytest.fixture
def wheel(tmp_path: Path) -> tuple[Session, Config, Artifact]:
    session, config = made(tmp_path, ALL)
    return session, config, learnt(session, config)


def forgot(session: Session, config: Config, parent: Artifact) -> Artifact:
    """A child of ``parent`` that froze a guard set of its own, whose rewards are a little lower."""
    guard = replace(parent.guard, root_rewards=KEPT * parent.guard.root_rewards)
    sources = read_sources(session.store, config)
    claims = sources.provenance(config)
    draft = ArtifactDraft(
        parent.model, guard, config, sources.entries(), {}, claims, parent=parent, forgotten=FORGOTTEN
    )
    return load_from(session.store, seal(session.store, draft))


def encoded(folder: Path, *encoders: Encoder) -> list[torch.Tensor]:
    """The guard set of a store that never held more than our walks, as each reads it."""
    session, config = made(folder / "never", OURS)
    return [rows(read_sources(session.store, config), config, encoder)["guard"] for encoder in encoders]


def test_two_forgettings_that_each_keep_the_budget_overdraw_it_together(
    wheel: tuple[Session, Config, Artifact], tmp_path: Path
) -> None:
    session, config, root = wheel
    child = forgot(session, config, root)
    run = Run(session, config, read_sources(session.store, config), "runs/walks/any", quiet()[0])
    encoder = fit_encoder(config.encoder, items(OURS, "train"))  # a standardiser that was measured anew
    z, before = encoded(tmp_path, encoder, root.model.encoder)
    given = root.model.rewards(before).detach()
    good = int((given >= KNOWN_GOOD).sum())
    assert good
    once = charge(run, root, encoder, z, KEPT * given)
    assert (once.against, once.report.guarded, once.report.overdrawn) == (root.digest, good, 0)
    twice = charge(run, child, encoder, z, KEPT * KEPT * given)
    assert (twice.against, twice.report.guarded, twice.report.overdrawn) == (root.digest, good, good)
    assert twice.report.least == pytest.approx(KEPT**2, abs=1e-4)
    for way, todo in (
        (Way.REFITTED, "Give forget.epochs more, or forget.lost"),
        (Way.SCRATCH, "Give forget.lost more"),
    ):
        with pytest.raises(ArtifactError, match=rf"more than 5% of what {root.digest[:19]} gave them.*{todo}"):
            _check_charge(twice, config.forget.lost, way)


def test_where_the_root_was_deleted_the_oldest_that_is_left_stands_for_it(
    wheel: tuple[Session, Config, Artifact],
) -> None:
    session, config, root = wheel
    store = session.store
    assert isinstance(store, DirectoryStore)
    child = forgot(session, config, root)
    grandchild = forgot(session, config, child)
    assert oldest_of(store, grandchild).digest == root.digest
    folder = store.root / "artifacts" / folder_of(root.digest)
    manifest = (folder / "manifest.json").read_bytes()
    shutil.rmtree(folder)
    assert oldest_of(store, grandchild).digest == child.digest, "nothing of it is left"
    folder.mkdir()
    (folder / "manifest.json").write_bytes(manifest)
    assert oldest_of(store, grandchild).digest == child.digest, "its manifest is left"


def test_repairs_share_the_guard_set_and_no_other_artifact_is_loaded(wheel: tuple[Session, Config, Artifact]) -> None:
    session, config, root = wheel
    run = Run(session, config, read_sources(session.store, config), "runs/walks/any", quiet()[0])
    kernel = patch_at(root.model, walks(1, 0.2, seed=9, aside=0.8)[0])
    repaired = load_from(session.store, seal_child(session.store, root, [kernel]))
    oldest = oldest_of(session.store, repaired)
    assert oldest.digest == root.digest
    assert _held(run, repaired, oldest) is repaired


def test_an_encoder_that_forgetting_left_as_it_is_reads_nothing_again(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    root = load_from(store, seal(store, text_draft()))
    tuned = tuned_config(tmp_path, "tiny")
    run = Run(Session(store), tuned, Sources((), (), {}), "runs/tuned/any", quiet()[0])
    made = charge(run, root, root.model.encoder, root.guard.z, root.guard.root_rewards)
    assert (made.against, made.report.overdrawn) == (root.digest, 0)
    assert made.report.guarded
    kernel = patch_at(root.model, conversation("Open?", "Yes."), strength=0.01)
    repaired = load_from(store, seal_child(store, root, [kernel]))
    same = charge(run, repaired, repaired.model.encoder, repaired.guard.z, repaired.guard.root_rewards)
    assert same == made, "the root is named, also where a repaired child has its very guard set"
    assert not list(store.list("runs/"))


def test_a_guard_set_of_which_nothing_is_left_cannot_be_charged(wheel: tuple[Session, Config, Artifact]) -> None:
    session, config, root = wheel
    run = Run(session, config, read_sources(session.store, config), "runs/walks/any", quiet()[0])
    strange = torch.full((2, 3), 50.0)
    with pytest.raises(ArtifactError, match="no row of the guard set is left"):
        charge(run, root, root.model.encoder, strange, torch.ones(2))
