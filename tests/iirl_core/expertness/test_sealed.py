"""Every family goes through an artifact and comes back as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from iirl_core.artifact import ArtifactDraft, CorpusEntry, Guard, Mode, Supervision, load_from, seal
from iirl_core.canonical import digest_bytes
from iirl_core.demonstration import Input, Trajectory
from iirl_core.encoder import fit_encoder
from iirl_core.expertness import build_expertness
from iirl_core.reward_model import assemble
from iirl_core.store import DirectoryStore
from tests.iirl_core.artifact.samples import config, fit, walks

FAMILIES: list[dict[str, Any]] = [{"family": "joint", "hidden": 8, "members": 2}]


def wanderings(count: int) -> list[Input]:
    generator = np.random.default_rng(5)
    return [Trajectory(generator.normal(0, 1, (12, 3)), generator.normal(0, 1, (12, 1))) for _ in range(count)]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: str(family["family"]))
def test_a_sealed_artifact_reads_as_the_model_did(family: dict[str, Any], tmp_path: Path) -> None:
    sections = config(
        corpora=[
            {"name": "walks", "files": ["walks.npz"]},
            {"name": "wanderings", "role": "negatives", "files": ["wanderings.npz"]},
        ],
        expertness=family,
        mapping={"kind": "sigmoid"},
    )
    good, bad = walks(30, seed=1), wanderings(30)
    encoder = fit_encoder(sections.encoder, good)
    torch.manual_seed(0)
    expertness = build_expertness(sections.expertness, encoder.width)
    z_good, z_bad = encoder.encode(good).z, encoder.encode(bad).z
    z = torch.stack([z_bad, z_good], dim=1).reshape(-1, encoder.width)
    fit(expertness, z, torch.tensor([0.0, 1.0]).repeat(len(z_good)), steps=150)
    z_guard = encoder.encode(walks(10, seed=2)).z
    model = assemble(
        sections.mapping, encoder, expertness, z_train=z_good, z_guard=z_guard, z_contrast=encoder.encode(bad[:5]).z
    )
    draft = ArtifactDraft(
        model=model,
        guard=Guard.of(model, z_guard, z_good[:50]),
        config=sections,
        corpora=(CorpusEntry("walks", "demonstrations", digest_bytes(b"walks")),),
        metrics={},
        mode=Mode.STRICT,
        supervision=Supervision.WEAK,
    )
    store = DirectoryStore(tmp_path / "store")
    artifact = load_from(store, seal(store, draft))
    asked = [*walks(3, seed=9), *wanderings(3)]
    rewards = [reading.reward for reading in artifact.read(asked)]
    assert rewards == [reading.reward for reading in model.read(asked)]
    assert min(rewards[:3]) > 0.6
    assert max(rewards[3:]) < 0.4
    assert artifact.manifest.calibration.mapping["kind"] == "sigmoid"
