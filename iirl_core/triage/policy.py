"""Triage by policy: what a written rule says of a finding.

automatic   a verified finding of a hard norm is a flaw; all else stays unsure, unpatched and printed
manual      everything stays unsure: people read the audit, and nothing is patched
"""

from __future__ import annotations

from typing import Literal

from iirl_core.audit.finding import Finding, TriageLabel

Policy = Literal["automatic", "manual"]


def triage(finding: Finding, policy: Policy) -> TriageLabel:
    """The policy's label of a verified finding; never *not a flaw*, which takes a person."""
    return TriageLabel.FLAW if policy == "automatic" and finding.hard else TriageLabel.UNSURE
