"""What an audit that judged nothing, or nothing that has a place, comes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from iirl_core.audit import ChunkResult, Coverage, audit_chunk
from iirl_core.canonical import Digest
from iirl_core.demonstration import Trajectory
from iirl_core.errors import InputError
from iirl_core.norm import NUMBER
from iirl_core.probe import ChunkSeed, Probe, material_of
from iirl_core.reward_model import RewardModel
from iirl_core.store import DirectoryStore
from jobs.audit.asking import RoundResult, check_asked
from jobs.audit.conclusion import Gathered, conclude
from jobs.audit.parts import Parts
from jobs.scorer import Chunk
from tests.iirl_core.audit.test_nowhere import faltering
from tests.iirl_core.probe.samples import DIGEST, off_arc, planar
from tests.jobs.audit.turning import wheel_config


def observed(model: RewardModel, folder: Path) -> ChunkResult:
    """One state of deployment is asked about, of which no written norm speaks, and all parts are merged."""
    _, _, train = planar()
    seen = (Probe((Trajectory([[0.5, -0.5]]),), "observed", "observed", "escalated: coverage"),)
    material = replace(material_of(model, [off_arc()], train), observed=seen)
    chunks = (Chunk(ChunkSeed(DIGEST, 1, "observed", 0), 9),)

    def ask(chunks: Sequence[Chunk]) -> Iterator[tuple[int, ChunkResult]]:
        for index, chunk in enumerate(chunks):
            yield index, audit_chunk(model, [off_arc()], chunk.seed, chunk.count, material)

    parts = Parts(DirectoryStore(folder / "store"), Digest(DIGEST), 1, "plan", chunks, 64)
    for _ in range(2):  # as they are written, and as they are read again
        found = [result for _, _, result in parts.results(ask)]
    return ChunkResult.merge(found, 9, 64)


def test_an_audit_whose_only_finding_has_no_place_is_concluded_and_not_refused(tmp_path: Path) -> None:
    model = faltering(float("nan"))
    merged = observed(model, tmp_path)
    assert (merged.asked, merged.unplaced, len(merged.reservoir.points)) == (1, 1, 0)
    check_asked(merged)
    coverage = Coverage.fit(model.spaces.bottleneck, merged.reservoir)
    told = Gathered(RoundResult(merged, (), ()), coverage, ())
    audit, _ = conclude(told, wheel_config(tmp_path), (off_arc(),), Digest(DIGEST), 1)
    assert ([one.norm for one in merged.findings], audit.open_hard, audit.unplaced) == ([NUMBER.id], 1, 1)
    assert "1 open findings of hard norms" in audit.verdict.reasons


def test_an_audit_of_which_no_norm_speaks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="asked 1 inputs, of which no norm speaks"):
        check_asked(observed(planar()[0], tmp_path))
