"""Which repairs go back to what somebody said: bad answers of a probe corpus (weak supervision), comparisons; or to
what moving policies did.
"""

from __future__ import annotations

from collections.abc import Sequence

from iirl_core.audit.finding import Finding
from iirl_core.config.red_team import TEMPTED
from iirl_core.observation import REPORTED
from iirl_core.patch.repairs import Repair
from iirl_core.probe.adaptive import OBSERVED, POLICY_FAMILIES

CORPUS_FAMILIES = ("careless", "climb", "concatenation", "evolve", "scan", TEMPTED)
"""Probe families that may ask what stands in a probe corpus; all others make their probes from demonstrations."""


PAIR_FAMILIES = ("pairs",)
"""Probe families that ask comparisons that somebody made: what rests on them is preference."""


def draws_on_corpus(repairs: Sequence[Repair], findings: Sequence[Finding]) -> bool:
    """Whether a repair cites a finding that a probe corpus gave; ``findings`` are those that the repairs cite."""
    return _draw_on(repairs, findings, CORPUS_FAMILIES)


def draws_on_pairs(repairs: Sequence[Repair], findings: Sequence[Finding]) -> bool:
    """Whether a repair cites a finding that a comparison gave; ``findings`` as for ``draws_on_corpus``."""
    return _draw_on(repairs, findings, PAIR_FAMILIES)


def draws_on_policies(repairs: Sequence[Repair], findings: Sequence[Finding]) -> bool:
    """Whether a repair cites a finding that a moving policy gave; ``findings`` as for ``draws_on_corpus``."""
    return _draw_on(repairs, findings, POLICY_FAMILIES)


def draws_on_reports(repairs: Sequence[Repair], findings: Sequence[Finding]) -> bool:
    """Whether a repair cites what a trainer reported: somebody said that it is wrong."""
    reported = [finding for finding in findings if finding.note.startswith(REPORTED)]
    return _draw_on(repairs, reported, (OBSERVED,))


def _draw_on(repairs: Sequence[Repair], findings: Sequence[Finding], families: tuple[str, ...]) -> bool:
    written = {finding.id for finding in findings if finding.origin in families}
    return any(not written.isdisjoint(one.findings) for one in repairs)
