"""Sealing: a RewardModel in memory → an Artifact in a store, visible whole or not at all.

1. every file is written to a temporary folder and digested;
2. its bytes go to ``blobs/DIGEST``, unless they are there;
3. blobs are linked into a staged tree, the manifest last;
4. the tree is published as ``artifacts/DIGEST/``.

Killed anywhere, sealing leaves blobs (which the next run uses) and a staged tree (which nobody sees); running it again
finishes. Sealing the same thing twice gives the same digest and writes nothing.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch

from iirl_core.artifact.artifact import Artifact
from iirl_core.artifact.draft import ArtifactDraft
from iirl_core.artifact.entries import GuardEntry
from iirl_core.artifact.environment import environment, portable_config
from iirl_core.artifact.files import CLASSIFIER_CONFIG, digest_file
from iirl_core.artifact.golden import golden_of
from iirl_core.artifact.guard import GUARD_FILE, Guard, guard_metrics
from iirl_core.artifact.manifest import Manifest
from iirl_core.artifact.provenance import Provenance
from iirl_core.artifact.publishing import CARD, finish, keep
from iirl_core.artifact.repair_files import REPAIR_FILES
from iirl_core.artifact.weights import calibration_of, save_model
from iirl_core.canonical import Digest, JsonValue
from iirl_core.errors import ArtifactError
from iirl_core.patch.budget import BUDGET, KNOWN_GOOD, check_budget
from iirl_core.patch.patch import Patch
from iirl_core.patch.repairs import Repairs, enabled
from iirl_core.reward_model import RewardModel
from iirl_core.store import Store


def seal(store: Store, draft: ArtifactDraft) -> Digest:
    """Seal what training made. The child of a parent has the next minor version after it and claims no more than it.

    Raises:
        ArtifactError: a metric is not finite, or a re-fit does not keep what the root gave its guard set.
    """
    version, claims, metrics, parent = draft.config.version, draft.provenance, dict(draft.metrics), draft.parent
    guard = draft.guard if parent is None or draft.forgotten is not None else parent.guard
    if parent is not None:
        metrics |= guard_metrics(_within_budget(guard, draft.model, "Learn more slowly, or from more comparisons"))
        claims = claims.joined(Provenance(parent.manifest.mode, parent.manifest.supervision))
        major, minor, _ = parent.manifest.version.split(".")
        version = f"{major}.{int(minor) + 1}.0"
    with tempfile.TemporaryDirectory(prefix="seal-") as name:
        folder = Path(name)
        saved = save_model(draft.model, folder)
        (folder / "guard").mkdir()
        guard.save(folder / "guard")
        config = portable_config(draft.config)
        guard_digest, _ = digest_file(folder / "guard" / GUARD_FILE)
        manifest = Manifest(
            name=draft.config.name,
            version=version,
            parent=None if parent is None else parent.digest,
            kind=draft.model.encoder.kind,
            mode=claims.mode,
            supervision=claims.supervision,
            human=draft.human or (parent is not None and parent.manifest.human),
            files=(),
            corpora=draft.corpora,
            config=config,
            environment=environment(),
            metrics={name: float(value) for name, value in sorted(metrics.items())},
            encoder=saved.encoder,
            expertness=cast(dict[str, JsonValue], config["expertness"]),
            calibration=calibration_of(draft.model),
            terminal=str(saved.encoder["terminal"]) if draft.model.encoder.kind == "trajectory" else None,
            guard=GuardEntry(guard_digest, len(guard.z), len(guard.known_good)),
            patches=enabled(draft.model.repairs.patches),
            projections=enabled(draft.model.repairs.projections),
            sculpts=enabled(draft.model.repairs.sculpts),
            edits=enabled(draft.model.repairs.edits),
            golden=golden_of(draft.model),
            classifier=saved.classifier,
            forgotten=draft.forgotten,
        )
        return finish(store, manifest, folder, draft.model.repairs, shared=())


def seal_child(
    store: Store,
    parent: Artifact,
    repairs: Repairs | Sequence[Patch],
    *,
    learnt: Provenance | None = None,
    human: bool = False,
) -> Digest:
    """Seal ``parent`` with ``repairs``, which are *all* repairs of the child, the parent's own among them; patches
    alone are all its patches beside the parent's other repairs. The patch version rises by one; weights, map and
    guard set are the parent's, and its blobs are shared; what the metrics say of the guard set is measured anew.
    ``learnt`` is what can be claimed of where the new repairs come from (None: as much as of anything): the child
    claims no more than that, and no more than its parent. ``human``: people's labels shaped the repair.

    Raises:
        ArtifactError: a repair does not fit the model, one of the parent's is missing (disable it instead), or the
            child breaks the known-good budget.
    """
    if not isinstance(repairs, Repairs):
        repairs = parent.model.repairs.with_patches(repairs)
    kept = repairs.ids
    if lost := [one.id for one in parent.model.repairs if one.id not in kept]:
        raise ArtifactError(f"repairs of the parent are missing: {', '.join(lost[:3])}", "disabled, not dropped")
    model = parent.model.with_repairs(repairs)
    rewards = _within_budget(parent.guard, model, "Disable the repairs that reach them")
    claims = Provenance(parent.manifest.mode, parent.manifest.supervision).joined(learnt or Provenance())
    major, minor, patch = parent.manifest.version.split(".")
    manifest = dataclasses.replace(
        parent.manifest,
        version=f"{major}.{minor}.{int(patch) + 1}",
        parent=parent.digest,
        mode=claims.mode,
        supervision=claims.supervision,
        human=parent.manifest.human or human,
        environment=environment(),
        metrics={**parent.manifest.metrics, **guard_metrics(rewards)},
        patches=enabled(repairs.patches),
        projections=enabled(repairs.projections),
        sculpts=enabled(repairs.sculpts),
        edits=enabled(repairs.edits),
        golden=golden_of(model),
    )
    with tempfile.TemporaryDirectory(prefix="seal-") as name:
        folder = Path(name)
        if manifest.has_classifier:
            from iirl_core.classifier.saving import tell_patches  # transformers takes seconds to import: only for text

            (folder / CLASSIFIER_CONFIG).parent.mkdir()
            told = tell_patches((parent.folder / CLASSIFIER_CONFIG).read_bytes(), manifest.repairs)
            (folder / CLASSIFIER_CONFIG).write_bytes(told)
        own = (*REPAIR_FILES, CARD, *([CLASSIFIER_CONFIG] if manifest.has_classifier else []))
        shared = tuple(entry for entry in parent.manifest.files if entry.path not in own)
        for entry in shared:
            keep(store, entry, parent.folder)
        return finish(store, manifest, folder, repairs, shared)


@torch.no_grad()
def _within_budget(guard: Guard, model: RewardModel, todo: str) -> torch.Tensor:
    """The guard set's rewards ``[G]``. Whoever proposed the patches or the weights, what is sealed is measured here."""
    rewards = model.rewards(guard.z)
    report = check_budget(guard.root_rewards, rewards, BUDGET)
    if not report.guarded:
        raise ArtifactError(
            f"no guard input has a root reward of {KNOWN_GOOD:g} or more",
            "at least one, which a repair can be held to",
            "Train again",
        )
    if not report.holds:
        raise ArtifactError(
            f"{report.overdrawn} of {report.guarded} known-good inputs lose more than their budget; the worst keeps"
            f" {report.least:.1%}",
            f"at least {1 - BUDGET:.0%} of the root reward",
            todo,
        )
    return rewards
