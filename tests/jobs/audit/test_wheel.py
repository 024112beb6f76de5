"""The wheel on a real local Ray: scorer actors, Ray Data, signed audits."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import ray

from cluster.session import Session
from iirl_core.artifact import load_from
from iirl_core.audit import Finding
from iirl_core.canonical import Digest
from iirl_core.config import Config
from iirl_core.errors import ConfigError, NotFound
from iirl_core.log import entries
from iirl_core.release import resolve
from iirl_core.signing import Trust
from jobs import evaluate, flywheel, patch, triage
from jobs.__main__ import main
from jobs.audit import audit_round
from jobs.audit.job import run as audit
from jobs.audit.scorers import ScorerPool
from jobs.history import history_of, latest_round
from jobs.patch.deciding import accept
from jobs.patch.suggestion import suggestions_of
from tests.jobs.audit.turning import PROBES, make_root, wheel_config
from tests.jobs.wheel import quiet

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]


def _found(session: Session, config: Config, digest: Digest, killed: bool = False) -> tuple[Finding, ...]:
    """One round of audit; nothing of it counts for the next, because each test has its own store."""
    with ScorerPool(session, config.audit) as scorers:
        if killed:
            audit_round(session, config, quiet(), scorers, digest)
            ray.kill(scorers.actors[0], no_restart=False)
        return audit_round(session, config, quiet(), scorers, digest).findings


def test_the_wheel_turns_until_fresh_probes_find_nothing(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    config = wheel_config(tmp_path)
    evaluate.run(session, config, quiet())
    outcome = flywheel.run(session, config, quiet())
    assert outcome.passed, outcome.made

    trust = Trust.from_folder(tmp_path / "keys")
    last = resolve(session.store, "sample")
    history = history_of(session.store, last, trust)
    assert history[0].digest == root
    assert history[0].audit.open_hard > 0, "a root without flaws shows nothing"
    assert history[-1].digest == last != root
    assert history[-1].audit.verdict.passed
    assert any(result.family == "former" and result.asked for result in history[-1].audit.families)
    assert [past.audit.round for past in history] == list(range(1, len(history) + 1))

    before, after = load_from(session.store, root), load_from(session.store, last)
    kept = after.model.rewards(after.guard.z) >= 0.95 * before.guard.root_rewards - 1e-6
    assert bool(kept[before.guard.root_rewards >= 0.5].all())
    page = session.store.get(outcome.where.removeprefix(f"{session.store.url}/")).decode()
    assert last[:19] in page
    assert "far-is-low" in page
    assert "separation/noise-1" in page
    sealed = next(entry.time for entry in entries(session.store) if entry.event.subject == last)
    assert sealed in page


def test_the_number_of_scorers_changes_no_finding(tmp_path: Path) -> None:
    session, root = make_root(tmp_path / "one")
    one = _found(session, wheel_config(tmp_path / "one", audit=_budget(scorers=1)), root)
    session, same = make_root(tmp_path / "three")
    three = _found(session, wheel_config(tmp_path / "three", audit=_budget(scorers=3)), same)
    assert root == same
    assert [finding.id for finding in one] == [finding.id for finding in three]
    assert one
    assert all(finding.smaller for finding in one), "each is one step, of which nothing can be left out"


def test_the_blue_team_chooses_alike_however_many_scorers_there_are(tmp_path: Path) -> None:
    audits = []
    for scorers in (1, 3):
        folder = tmp_path / str(scorers)
        session, root = make_root(folder)
        section = {**_budget(scorers=scorers), "probes": {"far": 400, "uniform": 400}, "chunk": 50, "steered": 0.5}
        norms = [{**wheel_config(folder).norms[0].model_dump(mode="json"), "families": ["far", "uniform"]}]
        config = wheel_config(folder, audit=section, norms=norms)
        with ScorerPool(session, config.audit) as pool:
            audits.append(audit_round(session, config, quiet(), pool, root).audit)
    one, three = audits
    assert one.to_bytes() == three.to_bytes()
    assert one.probes == 800
    assert sum(choice.count for choice in one.choices) == 400
    assert {choice.wave for choice in one.choices} == {1, 2, 3}
    assert any(choice.disagreement > 0 for choice in one.choices)
    assert sum(result.asked for result in one.families if result.steered) == 400
    assert len(one.parts) > 3


def test_a_killed_scorer_costs_nothing_but_time(tmp_path: Path) -> None:
    session, root = make_root(tmp_path / "whole")
    config = wheel_config(tmp_path / "whole")
    with ScorerPool(session, config.audit) as scorers:
        audit_round(session, config, quiet(), scorers, root)
        expected = audit_round(session, config, quiet(), scorers, root).findings
    session, root = make_root(tmp_path / "killed")
    found = _found(session, wheel_config(tmp_path / "killed"), root, killed=True)
    assert [finding.id for finding in found] == [finding.id for finding in expected]


@pytest.mark.slow
def test_an_audit_killed_without_warning_is_gone_on_with_to_the_same_files(tmp_path: Path) -> None:
    changes = {"audit": {**_budget(scorers=1), "probes": {"far": 12_800}, "chunk": 200}}  # four parts
    session, _ = make_root(tmp_path / "whole")
    with pytest.raises(ConfigError, match="--resume: round 1"):
        audit(session, wheel_config(tmp_path / "whole", **changes), quiet(), resume=True)
    audit(session, wheel_config(tmp_path / "whole", **changes), quiet())
    killed, _ = make_root(tmp_path / "killed")
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps(wheel_config(tmp_path / "killed", **changes).model_dump(mode="json")))
    command = [sys.executable, "-m", "jobs", "audit", str(config), "--address", ray.get_runtime_context().gcs_address]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while not any("/parts-" in key for key in killed.store.list("audits/")):
            assert process.poll() is None, "it ended without a part"
            time.sleep(0.01)
        process.kill()
    assert not any(key.endswith("audit.json") for key in killed.store.list("audits/"))
    audit(killed, wheel_config(tmp_path / "killed", **changes), quiet(), resume=True)
    assert _files(killed) == _files(session)
    assert sum("/parts-" in key for key in _files(session)) == 4


def _files(session: Session) -> dict[str, bytes]:
    """What audits left, but for the pages."""
    return {key: session.store.get(key) for key in session.store.list("audits/") if not key.endswith(".html")}


@pytest.mark.slow
def test_a_lost_node_costs_nothing_but_time(tmp_path: Path) -> None:
    changes = {"audit": {**_budget(scorers=2), "cpus_per_scorer": 0.9, "probes": {"far": 25_600}, "chunk": 200}}
    session, _ = make_root(tmp_path / "whole")
    audit(session, wheel_config(tmp_path / "whole", **changes), quiet())
    lost, _ = make_root(tmp_path / "lost")
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps(wheel_config(tmp_path / "lost", **changes).model_dump(mode="json")))
    command = [sys.executable, "-m", "tests.jobs.audit.losing_a_node", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if line.startswith(("scorers", "lost", "audited"))]
    assert said[:2] == ["scorers on 2 nodes", "lost a node"], "before the audit was over"
    assert said[2].startswith("audited")
    assert _files(lost) == _files(session)


def test_the_verbs_one_by_one_do_what_the_wheel_does(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    config = wheel_config(tmp_path)
    with pytest.raises(NotFound, match="never audited"):
        triage.run(session, config, quiet())
    failed = audit(session, config, quiet())
    assert not failed.passed
    assert failed.next == "iirl triage CONFIG.yaml"
    assert "far-is-low" in session.store.get(failed.where.removeprefix(f"{session.store.url}/")).decode()
    with pytest.raises(ConfigError, match="not triaged"):
        patch.run(session, config, quiet())
    assert " flaw" in triage.run(session, config, quiet()).made
    repaired = patch.run(session, config, quiet())
    assert repaired.passed
    child = resolve(session.store, "sample")
    assert load_from(session.store, child).manifest.parent == root


def test_the_exit_code_of_an_audit_is_its_verdict(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    trust, file = Trust.from_folder(tmp_path / "keys"), tmp_path / "config.yaml"
    for threshold, passed in ((0.15, False), (1.0, True)):
        norms = [{**wheel_config(tmp_path).norms[0].model_dump(mode="json"), "threshold": threshold}]
        file.write_text(json.dumps(wheel_config(tmp_path, norms=norms, audit=_budget(1)).model_dump(mode="json")))
        assert main(["audit", str(file), "--budget", "2000"]) == (0 if passed else 1)
        assert latest_round(session.store, root, trust).audit.verdict.passed is passed


def test_a_family_that_is_held_out_finds_but_is_not_repaired(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    base = wheel_config(tmp_path)
    norms = [{**base.norms[0].model_dump(mode="json"), "families": ["far", "uniform"]}]
    budget = {**_budget(scorers=1), "probes": {"far": 800, "uniform": 800}, "held_out": ["uniform"]}
    config = wheel_config(tmp_path, norms=norms, audit=budget)
    audit(session, config, quiet())
    triage.run(session, config, quiet())
    assert patch.run(session, config, quiet()).passed
    past = latest_round(session.store, root, Trust.from_folder(tmp_path / "keys"))
    origins = {finding.id: finding.origin for finding in past.findings()}
    child = load_from(session.store, resolve(session.store, "sample"))
    cited = {origins[name] for each in child.model.repairs for name in each.findings}
    assert set(origins.values()) == {"far", "uniform"}
    assert cited == {"far"}
    broken, spoken = past.audit.broken_by(["uniform"])
    assert 0 < broken == list(origins.values()).count("uniform") < spoken


def test_manual_triage_patches_nothing_that_no_person_labelled(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    config = wheel_config(tmp_path, triage="manual", flywheel={"rounds": 3})
    outcome = flywheel.run(session, config, quiet())
    assert not outcome.passed
    assert "waits for a person" in outcome.made
    assert resolve(session.store, "sample") == root
    labels = latest_round(session.store, root, Trust.from_folder(tmp_path / "keys")).labels
    assert set(labels.values()) == {"unsure"}


def test_the_wheel_stops_where_a_person_chooses_a_repair_and_says_so(tmp_path: Path) -> None:
    session, root = make_root(tmp_path)
    config = wheel_config(tmp_path, patch={"approval": "manual"}, flywheel={"rounds": 3})
    outcome = flywheel.run(session, config, quiet())
    waiting = suggestions_of(session.store, root, 1)
    assert outcome.made.startswith("sample waits for a person: r-")
    assert waiting
    assert all(one.id in outcome.made for one in waiting)
    assert "changed nothing" not in outcome.made
    assert "--suggestion ID --accept" in outcome.next
    accept(session, config, quiet(), suggestion=waiting[0].id)
    assert resolve(session.store, "sample") != root


def _budget(scorers: int) -> dict[str, object]:
    return {"probes": PROBES, "chunk": 400, "scorers": scorers, "cpus_per_scorer": 0.25}
