"""An encoder that gives some inputs no numbers: the whole way from a chunk to the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
import torch

from iirl_core.audit import ChunkResult, Coverage, Reservoir, audit_chunk, verified
from iirl_core.audit.part import part_from_bytes, part_to_bytes
from iirl_core.audit.placing import place
from iirl_core.audit.tampering import movements
from iirl_core.audit.twins import twinned
from iirl_core.audit.unshown import kinds_of
from iirl_core.config.governance import ReviewSection
from iirl_core.demonstration import Input, Trajectory
from iirl_core.encoder.protocol import Encoded
from iirl_core.encoder.trajectory import TrajectoryEncoder
from iirl_core.norm import NUMBER
from iirl_core.probe import Material, material_of
from iirl_core.probe.situations import UNKNOWN
from iirl_core.report.map_chart import map_chart
from iirl_core.report.place_data import LatentMap
from iirl_core.report.situation_matrix import situation_matrix, uncovered
from iirl_core.reward_model import RewardModel
from iirl_core.triage import clusters_of, places_of
from iirl_core.triage.places import NOWHERE
from tests.iirl_core.probe.samples import off_arc, planar, seed

LOST = (float("nan"), float("inf"), 1e30)


@dataclass(frozen=True, eq=False)
class Faltering(TrajectoryEncoder):
    """Rows whose second coordinate is below 0, where no demonstration is, are ``lost``."""

    lost: float = float("nan")

    def encode(self, inputs: Sequence[Input]) -> Encoded:
        encoded = super().encode(inputs)
        below = np.concatenate([item.observations[:, 1] < 0 for item in inputs if isinstance(item, Trajectory)])
        return replace(encoded, z=torch.where(torch.from_numpy(below)[:, None], self.lost, encoded.z))


@dataclass(frozen=True, eq=False)
class Audited:
    model: RewardModel


def faltering(lost: float) -> RewardModel:
    model, _, _ = planar()
    told = {name: value for name, value in vars(model.encoder).items() if not name.startswith("_")}
    return model.with_encoder(Faltering(**told, lost=lost))


@cache
def asked(lost: float, count: int = 300) -> tuple[ChunkResult, Material]:
    model, (_, _, train) = faltering(lost), planar()
    material = material_of(model, [off_arc()], train)
    return audit_chunk(model, [off_arc()], seed("uniform"), count, material), material


@pytest.mark.parametrize("lost", LOST)
def test_what_has_no_place_covers_nothing_and_is_counted(lost: float) -> None:
    model, (result, _) = faltering(lost), asked(lost)
    assert 100 < result.unplaced < 200
    assert len(result.reservoir.points) == 300 - result.unplaced
    coverage = Coverage.fit(model.spaces.bottleneck, result.reservoir)
    known = model.encoder.encode([Trajectory([[0.5, 0.5], [0.5, -0.5]])]).z
    near, nowhere = coverage.uncertainty(known).tolist()
    assert near < 0.5
    assert nowhere == 1.0


@pytest.mark.parametrize("lost", LOST)
def test_what_has_no_place_is_in_no_situation_and_no_example(lost: float) -> None:
    result, material = asked(lost)
    lonely = [cell for cell in result.cells if cell.situation == UNKNOWN]
    assert all(cell.uncovered == cell.spoken for cell in lonely)
    assert sum(cell.spoken for cell in lonely) > 0
    assert UNKNOWN not in {example.situation for example in result.examples}
    assert all(np.isfinite(one.point).all() for one in result.strangers.sample)
    assert kinds_of(result.strangers)
    matrix = situation_matrix(result.cells, result.examples)
    assert [column.title for column in matrix.columns][:2] == ["none", "1"]
    assert not any("situation 0" in sentence for sentence in uncovered(result.cells, result.examples))
    placed = place(faltering(lost), replace(material, demonstrations=(Trajectory([[0.5, 0.5], [0.5, -0.5]]),)), [0])
    assert (placed[0] == UNKNOWN).tolist() == [False, True]


def test_a_reward_that_is_not_a_number_is_a_finding_from_the_chunk_to_the_page() -> None:
    model, (result, material) = faltering(float("nan")), asked(float("nan"))
    held = verified(part_from_bytes(part_to_bytes(result)), Audited(model), [off_arc()])
    assert held.refuted == 0
    assert held.unplaced == result.unplaced
    lost = [one for one in held.findings if one.norm == NUMBER.id]
    assert len(lost) == result.unplaced
    assert len(lost) < len(held.findings), "and those that are numbers are found beside them"
    findings = twinned(held.findings, material.rows, material.window)

    places = places_of(model, findings)
    nowhere = np.array([one.norm == NUMBER.id for one in findings])
    assert (places.rows[nowhere] == NOWHERE).all()
    assert (places.uncertainty[nowhere] == 1).all()
    assert (places.support[nowhere] == 1).all()
    clusters = clusters_of(findings, places, {NUMBER.id: result.unplaced, "off-arc": 300}, ReviewSection())
    (one,) = [cluster for cluster in clusters if cluster.norm == NUMBER.id]
    assert set(one.findings) == {finding.id for finding in lost}

    coverage = Coverage.fit(model.spaces.bottleneck, held.reservoir)
    drawn = map_chart(LatentMap(model.support.points.numpy(), coverage.points.numpy(), places.rows))
    assert drawn.startswith("<svg") or "<svg" in drawn
    assert movements(model, [Trajectory([[0.5, 0.5]]), Trajectory([[0.5, -0.5]])])


def test_an_audit_in_which_nothing_has_a_place_covers_nothing() -> None:
    model, _, _ = planar()
    coverage = Coverage.fit(model.spaces.bottleneck, Reservoir(np.zeros((0, 2), np.float32), np.zeros(0)))
    again = Coverage.from_bytes(coverage.to_bytes())
    z = model.encoder.encode([Trajectory([[0.5, 0.5]])]).z
    assert again.uncertainty(z).tolist() == [1.0]
    assert again.uncertainty(z[:0]).tolist() == []
