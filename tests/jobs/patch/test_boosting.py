"""A floor's findings of a real audit, mended by boosts in a sealed child."""

from __future__ import annotations

from pathlib import Path

from iirl_core.artifact import load_from
from iirl_core.release import resolve
from iirl_core.signing import Trust
from jobs import patch
from jobs.history import latest_round
from tests.jobs.audit.turning import wheel_config
from tests.jobs.patch.audited import audited_root
from tests.jobs.wheel import quiet


def test_a_floors_findings_are_mended_in_a_sealed_child_that_takes_nothing(tmp_path: Path) -> None:
    floor = {**wheel_config(tmp_path).norms[0].model_dump(), "id": "walks-pay", "kind": "floor", "threshold": 0.6}
    floor |= {"families": ["perturbed"], "rationale": "Who slips a little on the way is still on it."}
    trial = {"findings": 8, "neighbours": 8, "elsewhere": 200}
    section = {"kinds": ["kernels"], "spaces": ["input"], "trial": trial}
    session, config, root = audited_root(
        tmp_path, count=60, norms=[floor], audit={"probes": {"perturbed": 400}}, patch=section
    )
    found = latest_round(session.store, root, Trust.from_folder(tmp_path / "keys")).findings()
    assert found
    outcome = patch.run(session, config, quiet())
    assert outcome.passed, outcome.made
    child = load_from(session.store, resolve(session.store, "sample"))
    assert child.manifest.parent == root
    patches = child.model.patches
    assert {one.effect for one in patches} == {"boost"}
    cited = {name for one in patches for name in one.findings}
    mended = [one for one in found if one.id in cited]
    assert len(mended) > len(found) / 2
    assert min(min(child.model.read([one.offender])[0].step_rewards) for one in mended) >= 0.6
    parent = load_from(session.store, root).model
    assert (child.model.rewards(child.guard.z) >= parent.rewards(child.guard.z)).all()
