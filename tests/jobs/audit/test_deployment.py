"""What deployment saw turns the wheel, on a real local Ray: asked, found, repaired, asked again."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.session import Session
from iirl_core.artifact import Mode, Supervision, load_from
from iirl_core.audit import audit_chunk
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.demonstration import Input
from iirl_core.norm import norms_of
from iirl_core.observation import Observation, keep_observations
from iirl_core.probe import ChunkSeed
from iirl_core.release import resolve
from iirl_core.signing import Trust
from jobs import flywheel
from jobs.audit.material import gather_material
from jobs.history import history_of
from tests.iirl_core.artifact.samples import walks
from tests.jobs.audit.turning import make_root, wheel_config
from tests.jobs.wheel import quiet

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]

AWAY = {"kind": "distance", "observed": 0.3}


def exploits(session: Session, config: Config, root: Digest) -> list[Input]:
    """Three states far from the demonstrations that the root pays for."""
    artifact = load_from(session.store, root)
    norms, material = gather_material(session.store, config, artifact, norms_of(config), ())
    found = audit_chunk(artifact.model, norms, ChunkSeed(root, 1, "far", 9), 4000, material).findings
    return [finding.offender for finding in found[:3]]


def test_what_deployment_saw_is_asked_found_repaired_and_asked_again(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    base = wheel_config(tmp_path)
    escalated, *reported = exploits(session, base, root)
    (sound,) = walks(1, seed=7)
    seen = [Observation("escalated", escalated, "coverage")]
    seen += [Observation("reported", item, "the policy sits there") for item in (*reported, sound)]
    keep_observations(session.store, root, seen)

    norm = {**base.norms[0].model_dump(mode="json"), "families": ["observed"], "region": AWAY}
    config = wheel_config(
        tmp_path, norms=[norm], audit={**base.audit.model_dump(mode="json"), "probes": {"observed": 9}, "scorers": 1}
    )
    assert flywheel.run(session, config, quiet()).passed

    child = load_from(session.store, resolve(session.store, "sample"))
    first, *_, last = history_of(session.store, child.digest, Trust.from_folder(tmp_path / "keys"))
    assert (first.digest, first.audit.probes, first.audit.moving) == (root, 4, 4)
    notes = sorted(finding.note for finding in first.findings())
    assert notes == ["escalated: coverage", *["reported: the policy sits there"] * 2], "what is sound breaks no norm"
    assert {finding.family for finding in first.findings()} == {"observed"}

    cited = {name for repair in child.model.repairs for name in repair.findings}
    assert cited == {finding.id for finding in first.findings()}
    assert (child.manifest.mode, child.manifest.supervision) == (Mode.POLICY_ADAPTIVE, Supervision.WEAK)
    assert all(reading.reward <= norm["threshold"] for reading in child.read([escalated, *reported]))

    assert last.digest == child.digest
    asked = {result.family: (result.asked, result.broken) for result in last.audit.families}
    assert asked == {"former": (3, 0), "observed": (4, 0)}, "what the root was seen to do, its child is asked"
