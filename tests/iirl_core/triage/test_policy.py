from __future__ import annotations

from dataclasses import replace

from iirl_core.audit import Finding, TriageLabel
from iirl_core.canonical import Digest
from iirl_core.demonstration import conversation
from iirl_core.triage import triage

HARD = Finding(
    digest=Digest("sha256:" + "0" * 64), round=1, norm="n", hard=True, severity=3, family="f", label="f/1.0.0",
    note="", inputs=(conversation("q", "a"),), rewards=(0.9,), excess=0.4,
)  # fmt: skip


def test_automatic_triage_calls_findings_of_hard_norms_flaws_and_nothing_else() -> None:
    assert triage(HARD, "automatic") is TriageLabel.FLAW
    assert triage(replace(HARD, hard=False), "automatic") is TriageLabel.UNSURE


def test_manual_triage_leaves_everything_to_people() -> None:
    assert triage(HARD, "manual") is TriageLabel.UNSURE
