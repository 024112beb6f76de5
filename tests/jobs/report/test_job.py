"""The whole page of a real artifact of a real store, made without Ray."""

from __future__ import annotations

from pathlib import Path

import pytest

from iirl_core.artifact import load_from, seal_child
from iirl_core.patch import Repairs, Sculpt
from iirl_core.release import audit_file
from jobs.report import write_report
from tests.iirl_core.artifact.test_repair_files import gentle, slight
from tests.jobs.triage.audited import ROUND, Audited, keep_audit, make_audited


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    return make_audited(tmp_path_factory.mktemp("report"))


def test_repairs_that_are_no_kernels_are_on_the_page(audited: Audited) -> None:
    store, root = audited.store, load_from(audited.store, audited.root)
    low = float(root.model.rows(root.guard.z).signal.min())
    held = Sculpt("lower", ((low - 2, 0.05), (low - 1, 1.0)), ("f-1",), ("n",), 3)
    repairs = Repairs(projections=(gentle(),), sculpts=(held,), edits=(slight(root.model, size=1e-4),))
    child = seal_child(store, root, repairs)
    keep_audit(audited, child, ROUND + 1)
    where = write_report(store, audited.config(), child)
    assert Path(where.removeprefix(store.url)).name == "report.html"
    page = store.get(audit_file(child, ROUND + 1, "report.html")).decode("utf-8")
    for one in repairs:
        assert one.id in page
        assert one.where in page
    assert "3</dd></div>" in page, "three repairs are at work"
    assert "the reward is what training made it" not in page


def test_an_artifact_without_repairs_says_so(audited: Audited) -> None:
    write_report(audited.store, audited.config(), audited.root)
    page = audited.store.get(audit_file(audited.root, ROUND, "report.html")).decode("utf-8")
    assert "the reward is what training made it" in page
