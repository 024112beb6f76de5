from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch

from iirl_core.artifact import Artifact, Guard, load_from, seal, seal_child
from iirl_core.audit import Finding
from iirl_core.config.encoding import TrajectoryEncoderSection
from iirl_core.demonstration import Input, Trajectory
from iirl_core.encoder import fit_encoder
from iirl_core.expertness import build_expertness
from iirl_core.reward_model import assemble
from iirl_core.store import DirectoryStore
from jobs.report.rewards import reward_field
from tests.iirl_core.artifact.samples import config, fit, patch_at, trajectory_draft, walks


def _states(count: int, seed: int) -> list[Input]:
    return [Trajectory(walk.observations) for walk in walks(count, seed) if isinstance(walk, Trajectory)]


def _finding(artifact: Artifact, name: str, points: list[list[float]], step: int) -> Finding:
    return Finding(
        digest=artifact.digest,
        round=1,
        norm="far",
        hard=True,
        severity=3,
        family="far",
        label=name,
        note="",
        inputs=(Trajectory(np.array(points, np.float32)),),
        rewards=(0.9,),
        excess=0.4,
        step=step,
    )


def _repaired(store: DirectoryStore) -> tuple[Artifact, Finding]:
    """A reward over three-dimensional states, and a child with one patch that cites one finding."""
    sections = config(encoder={"kind": "trajectory", "rows": "states"})
    assert isinstance(sections.encoder, TrajectoryEncoderSection)
    train, guard = _states(40, seed=1), _states(10, seed=2)
    encoder = fit_encoder(sections.encoder, train)
    z, z_guard = encoder.encode(train).z, encoder.encode(guard).z
    torch.manual_seed(0)
    expertness = build_expertness(sections.expertness, encoder.width)
    fit(expertness, z, torch.ones(len(z)), steps=400)
    model = assemble(sections.mapping, encoder, expertness, z_train=z, z_guard=z_guard, z_contrast=None)
    draft = dataclasses.replace(
        trajectory_draft(), model=model, guard=Guard.of(model, z_guard, z[:50]), config=sections
    )
    root = load_from(store, seal(store, draft))
    finding = _finding(root, "far/1", [[0.0, 0.0, 5.0], [0.5, -1.0, 4.5]], step=1)
    patch = dataclasses.replace(patch_at(model, finding.inputs[0]), findings=(finding.id,))
    return load_from(store, seal_child(store, root, [patch])), finding


def test_the_field_shows_the_reward_before_and_after_with_flaws_and_kernels(tmp_path: Path) -> None:
    artifact, finding = _repaired(DirectoryStore(tmp_path))
    shown = _states(10, seed=3)
    field = reward_field(artifact, [], shown, [finding])
    assert field is not None
    assert field.axes == ("x", "y", "z")
    assert field.before.shape == field.after.shape == (24, 24, 24)
    assert (field.after <= field.before + 1e-6).all()
    assert field.flaws.tolist() == [[0.5, -1.0, 4.5]], "the step that broke the norm"
    assert field.kernels.tolist() == [[0.5, -1.0, 4.5]]
    points = np.concatenate([walk.observations for walk in shown if isinstance(walk, Trajectory)])
    assert np.allclose(field.low, points.min(axis=0))
    assert np.allclose(field.high, points.max(axis=0))


def test_a_kernel_whose_findings_are_not_known_has_no_place(tmp_path: Path) -> None:
    artifact, _ = _repaired(DirectoryStore(tmp_path))
    field = reward_field(artifact, [], _states(3, seed=3), [])
    assert field is not None
    assert (len(field.flaws), len(field.kernels)) == (0, 0)


def test_rewards_over_states_and_actions_have_no_field(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    artifact = load_from(store, seal(store, trajectory_draft()))
    assert reward_field(artifact, [], walks(3, seed=3), []) is None
