from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from iirl_core.audit import Coverage, Reservoir, audit_chunk
from iirl_core.demonstration import Trajectory
from iirl_core.errors import ArtifactError
from iirl_core.probe import material_of
from tests.iirl_core.probe.samples import off_arc, planar, seed


def coverage() -> Coverage:
    model, _, train = planar()
    material = material_of(model, [off_arc()], train)
    parts = [audit_chunk(model, [off_arc()], seed("uniform", n), 400, material).reservoir for n in range(3)]
    return Coverage.fit(model.spaces.bottleneck, Reservoir.merge(parts, 1000))


def test_what_was_audited_is_known_and_what_nobody_asked_is_not() -> None:
    model, _, _ = planar()
    inside = Trajectory(np.random.default_rng(1).uniform(-1.4, 1.4, (200, 2)))
    outside = Trajectory([[6.0, 6.0], [-4.0, 0.0]])
    fitted = coverage()
    near, far = (fitted.uncertainty(model.encoder.encode([item]).z) for item in (inside, outside))
    assert near.max() < 0.9
    assert near.mean() < 0.5
    assert torch.equal(far, torch.ones(2))


def test_an_audited_point_itself_has_no_uncertainty() -> None:
    model, _, _ = planar()
    fitted = coverage()
    whitened = replace(fitted, points=fitted.whitening.apply(model.encoder.encode([Trajectory([[0.3, 0.3]])]).z))
    assert float(whitened.uncertainty(model.encoder.encode([Trajectory([[0.3, 0.3]])]).z)) == 0.0


def test_a_coverage_survives_its_bytes() -> None:
    model, _, _ = planar()
    z = model.encoder.encode([Trajectory(np.random.default_rng(2).normal(size=(50, 2)))]).z
    fitted = coverage()
    again = Coverage.from_bytes(fitted.to_bytes())
    assert torch.equal(again.uncertainty(z), fitted.uncertainty(z))
    assert again.to_bytes() == fitted.to_bytes()


def test_bytes_that_are_no_coverage_are_refused() -> None:
    for data in (b"", b"nonsense", coverage().to_bytes()[:-8]):
        with pytest.raises(ArtifactError):
            Coverage.from_bytes(data)


def test_a_reservoir_is_a_uniform_sample() -> None:
    points = np.arange(10_000, dtype=np.float32)[:, None]
    parts = [Reservoir.draw(part, [1, number], 500) for number, part in enumerate(np.split(points, 10))]
    kept = Reservoir.merge(parts, 500).points[:, 0]
    assert len(np.unique(kept)) == 500
    assert abs(kept.mean() - 5000) < 400
