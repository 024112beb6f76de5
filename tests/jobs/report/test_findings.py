"""Which findings the report shows."""

from __future__ import annotations

from dataclasses import replace

from iirl_core.audit import Finding, TriageLabel
from iirl_core.canonical import digest_bytes
from iirl_core.report import FindingFacts
from jobs.report.findings import varied


def test_the_worst_findings_are_not_all_of_one_family() -> None:
    finding = Finding(digest_bytes(b""), 1, "n", True, 3, "f", "f/1.0.0", "", (), (), 0.0)

    def facts(family: str, number: int, *, hard: bool = True, still: bool = False) -> FindingFacts:
        one = replace(finding, family=family, label=f"{family}/1.0.{number}", hard=hard)
        return FindingFacts(one, TriageLabel.FLAW, still)

    ascents = [facts("ascent", number) for number in range(6)]
    soft, last, first = facts("far", 0, hard=False), facts("uniform", 0), facts("ascent", 9, still=True)
    assert varied([first, *ascents, last, soft]) == [first, *ascents[:4], last, *ascents[4:], soft]
