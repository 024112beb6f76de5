from __future__ import annotations

from pathlib import Path

import numpy as np

from iirl_core.artifact import load_from
from iirl_core.audit import audit_chunk
from iirl_core.demonstration import Trajectory
from iirl_core.norm import Bounds, norms_of
from iirl_core.probe import ChunkSeed
from jobs.audit.material import gather_material
from tests.jobs.audit.turning import make_root, wheel_config


def test_observed_regions_are_measured_on_what_an_audit_is_made_from(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    written = wheel_config(tmp_path).norms[0].model_dump()
    config = wheel_config(tmp_path, norms=[{**written, "region": {"kind": "bounds", "observed": 0.1}}])
    artifact = load_from(session.store, root)
    norms, material = gather_material(session.store, config, artifact, norms_of(config), ())
    (norm,) = norms
    steps = np.concatenate([item.observations for item in material.demonstrations if isinstance(item, Trajectory)])
    low, high = steps.min(axis=0).astype(np.float64), steps.max(axis=0).astype(np.float64)
    assert isinstance(norm.region, Bounds)
    assert np.allclose(norm.region.low, low - 0.1 * (high - low))
    assert (material.box[0][: norm.region.width] < norm.region.low).all()
    result = audit_chunk(artifact.model, norms, ChunkSeed(root, 1, "far", 0), 200, material)
    (counts,) = result.families
    assert 0 < counts.spoken < counts.asked
