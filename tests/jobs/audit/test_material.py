from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from iirl_core.artifact import load_from
from iirl_core.audit import audit_chunk
from iirl_core.corpus import identity_of
from iirl_core.demonstration import Trajectory
from iirl_core.errors import InputError
from iirl_core.norm import Bounds, norms_of
from iirl_core.observation import Observation, keep_observations
from iirl_core.probe import FAMILIES, ChunkSeed
from jobs.audit.asking import check_asked
from jobs.audit.material import gather_material
from tests.iirl_core.artifact.samples import walks
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


def test_what_deployment_saw_of_the_artifact_is_asked_once_with_its_reason(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    written = wheel_config(tmp_path).norms[0].model_dump()
    config = wheel_config(
        tmp_path, norms=[{**written, "threshold": 0.0, "families": ["observed"]}], audit={"probes": {"observed": 9}}
    )
    artifact = load_from(session.store, root)
    near = walks(1, 7)[0]
    far = Trajectory(near.observations + 9, near.actions)
    farther = Trajectory(near.observations + 99, near.actions)
    seen = [
        Observation("escalated", near, "coverage"),
        Observation("reported", far, "odd"),
        Observation("drift", farther, "far"),
    ]
    keep_observations(session.store, root, seen)
    keep_observations(session.store, root, seen[:1])
    norms, material = gather_material(session.store, config, artifact, norms_of(config), ())
    assert {probe.note for probe in material.observed} == {"escalated: coverage", "reported: odd", "drift: far"}
    result = audit_chunk(artifact.model, norms, ChunkSeed(root, 1, "observed", 0), 200, material)
    assert result.asked == 3
    assert "escalated: coverage" in {finding.note for finding in result.findings}


def test_what_no_norm_speaks_of_counts_as_asked_but_not_as_audited(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    config = wheel_config(tmp_path, audit={"probes": {"far": 9, "observed": 9}})
    artifact = load_from(session.store, root)
    keep_observations(session.store, root, [Observation("reported", walks(1, 7)[0], "odd")])
    norms, material = gather_material(session.store, config, artifact, norms_of(config), ())
    result = audit_chunk(artifact.model, norms, ChunkSeed(root, 1, "observed", 0), 9, material)
    assert (result.asked, result.moving, result.families) == (1, 1, ())
    assert len(result.reservoir.points) == 0
    assert result.examples == ()
    with pytest.raises(InputError, match="asked 1 inputs, of which no norm speaks"):
        check_asked(result)


def test_everything_observed_is_asked_once_over_all_chunks(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    config = wheel_config(tmp_path, audit={"probes": {"far": 9, "observed": 9}})
    keep_observations(session.store, root, [Observation("reported", item, "odd") for item in walks(10, 7)])
    artifact = load_from(session.store, root)
    _, material = gather_material(session.store, config, artifact, norms_of(config), ())
    seeds = [ChunkSeed(root, 1, "observed", number) for number in range(3)]
    probes = [probe for seed in seeds for probe in FAMILIES["observed"].probes(seed, 4, material)]
    assert len(probes) == len({identity_of(probe.inputs[0]) for probe in probes}) == 10
