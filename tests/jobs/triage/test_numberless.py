"""A finding whose reward is not a number, before people, a repair, and the page: it stops none of them."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from iirl_core.audit import Finding
from iirl_core.norm import NUMBER
from iirl_core.release import audit_file
from jobs import patch, triage, why
from jobs.report import write_report
from jobs.triage.opening import open_review
from jobs.triage.showing import show
from tests.jobs.triage.audited import ROUND, Audited, keep_audit
from tests.jobs.wheel import quiet


def numberless(audited: Audited) -> Finding:
    """As a scorer would have found it."""
    first = audited.past().findings()[0]
    broken = {"norm": NUMBER.id, "severity": NUMBER.severity, "rewards": (float("nan"),), "excess": 1.0}
    found = replace(first, round=ROUND + 1, label="far/2.0.9999", situation=-1, **broken)  # type: ignore[arg-type]
    keep_audit(audited, audited.root, ROUND + 1, former=(found,))
    return found


def test_it_is_triaged_shown_and_refused_by_repairs_and_stands_on_the_page(audited: Audited) -> None:
    found, config = numberless(audited), audited.config()
    assert " flaw" in triage.run(audited.session, config, quiet()).made
    review = open_review(audited.session, config, None).review
    assert review.cluster_of(found.id).findings == (found.id,), "it is of no kind with what breaks other norms"
    printed = Console(file=io.StringIO(), width=200)
    show(audited.session, config, on=[found.id], console=printed)
    told = printed.file.getvalue()  # type: ignore[attr-defined]
    assert "is-a-number (reward ≥ 0: a reward is a number from 0 to 1" in told
    assert "reward nan" in told

    write_report(audited.store, config, audited.root)
    page = audited.store.get(audit_file(audited.root, ROUND + 1, "report.html")).decode("utf-8")
    assert found.id in page
    assert why.run(audited.store, config, found.id, None, console=printed).passed is False, "the stored root is sound"
    assert patch.run(audited.session, config, quiet()).passed, "what else was found is mended"
    record = audited.store.get(audit_file(audited.root, ROUND + 1, "repair.json")).decode("utf-8")
    assert "its reward is not a number: train again" in record
