from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from iirl_core.audit import Finding, audit_chunk
from iirl_core.config.governance import ReviewSection
from iirl_core.errors import ArtifactError
from iirl_core.triage import Places, clusters_of, places_of
from iirl_core.triage import places as module
from tests.iirl_core.probe.samples import off_arc, planar, planar_material, seed


def found() -> tuple[Finding, ...]:
    model, _, _ = planar()
    return audit_chunk(model, [off_arc()], seed("uniform"), 400, planar_material()).findings


def test_a_finding_lies_where_its_offending_step_does(monkeypatch: pytest.MonkeyPatch) -> None:
    model, _, train = planar()
    monkeypatch.setattr(module, "BATCH", 3)  # batches change nothing
    shown = train[0]
    findings = [replace(found()[0], inputs=(shown,), step=step) for step in (0, 7, 39, 3)]
    places = places_of(model, findings)
    z = model.encoder.encode([shown]).z
    assert np.allclose(places.rows, model.spaces.bottleneck.apply(z)[[0, 7, 39, 3]].numpy(), atol=1e-6)
    read = model.rows(z)
    assert np.allclose(places.uncertainty, read.uncertainty[[0, 7, 39, 3]].numpy(), atol=1e-6)
    assert places.spread == pytest.approx(2**0.5)


def test_flaws_of_a_real_model_fall_into_clusters_that_lie_apart() -> None:
    model, _, _ = planar()
    findings = found()
    clusters = clusters_of(findings, places_of(model, findings), {"off-arc": 400}, ReviewSection())
    assert 1 < len(clusters) < len(findings)
    assert sum(len(cluster.findings) for cluster in clusters) == len(findings)


def test_places_survive_storing_and_nothing_else_is_taken_for_them() -> None:
    model, _, _ = planar()
    places = places_of(model, found())
    again = Places.from_bytes(places.to_bytes())
    assert np.array_equal(again.rows, places.rows)
    assert np.array_equal(again.uncertainty, places.uncertainty)
    assert places_of(model, []).rows.shape == (0, 2)
    with pytest.raises(ArtifactError, match="cannot be read"):
        Places.from_bytes(b"places")
    with pytest.raises(ArtifactError, match="not finite"):
        Places(torch.full((1, 2), torch.nan).numpy(), places.uncertainty[:1], places.support[:1])
