"""Repairs of a real audited root: tried, sealed, kept on record."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from iirl_core.artifact import load_from
from iirl_core.release import audit_file, resolve
from jobs import patch
from jobs.console import Progress
from tests.jobs.patch.audited import audited_root


def test_a_repair_that_passes_its_trial_is_sealed_with_the_trial_on_record(tmp_path: Path) -> None:
    session, config, root = audited_root(tmp_path)
    said = io.StringIO()
    outcome = patch.run(session, config, Progress(Console(file=said, width=400)))
    assert outcome.passed, outcome.made
    child = resolve(session.store, "sample")
    assert load_from(session.store, child).manifest.parent == root
    record = json.loads(session.store.get(audit_file(root, 1, patch.REPAIR)))
    assert record["child"] == child
    trial = record["trial"]
    assert trial["passed"] is True
    assert 0 < trial["mended"] == trial["claimed"]
    assert trial["left"] < trial["flawed"]
    assert f"trial chosen: {trial['mended']:,} of {trial['claimed']:,} findings mended" in said.getvalue()


def test_where_no_flaw_may_be_looked_at_there_is_nothing_to_repair_and_triage_comes_next(tmp_path: Path) -> None:
    session, config, root = audited_root(tmp_path)
    blind = config.model_copy(update={"audit": config.audit.model_copy(update={"held_out": ["far"]})})
    outcome = patch.run(session, blind, Progress(Console(file=io.StringIO())))
    assert not outcome.passed
    assert outcome.made == "nothing to repair: round 1 has no finding that is a flaw and may be looked at"
    assert outcome.next == "iirl triage list CONFIG.yaml"
    assert resolve(session.store, "sample") == root


@pytest.mark.parametrize("trial", [{"hold": 1.0, "neighbours": 40}])
def test_a_repair_that_fails_its_trial_is_not_sealed_and_its_reasons_stay(
    tmp_path: Path, trial: dict[str, float]
) -> None:
    session, config, root = audited_root(
        tmp_path, patch={"kinds": ["kernels"], "spaces": ["latent"], "max_width": 0.011, "trial": trial}
    )
    outcome = patch.run(session, config, Progress(Console(file=io.StringIO())))
    assert not outcome.passed
    assert resolve(session.store, "sample") == root
    record = json.loads(session.store.get(audit_file(root, 1, patch.REPAIR)))
    assert record["child"] is None
    assert record["trial"]["passed"] is False
    assert record["trial"]["reasons"]
    assert any("does not hold around it" in one["reason"] for one in record["refused"])
