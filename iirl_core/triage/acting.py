"""Which label a finding has for what comes next: people's before the policy's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from iirl_core.audit.finding import Finding, TriageLabel
from iirl_core.patch.repairs import Repair
from iirl_core.triage.policy import Policy, triage
from iirl_core.triage.settling import Settled


def acted_on(settled: Mapping[str, Settled], confidence: float) -> dict[str, TriageLabel]:
    """People's labels that count, by finding: those given to it, and those that reached it with at least
    ``confidence``.
    """
    return {name: said.label for name, said in settled.items() if said.direct or said.confidence >= confidence}


def shaped_by_people(
    repairs: Sequence[Repair],
    findings: Sequence[Finding],
    labels: Mapping[str, TriageLabel],
    by_people: Collection[str],
    policy: Policy,
) -> bool:
    """Whether a repair is supervised by people: ``repairs`` cite findings whose label in ``labels`` is ``by_people``,
    or these kept it from mending what the policy alone calls a flaw.
    """
    cited = {name for one in repairs for name in one.findings}
    for finding in findings:
        spared = labels.get(finding.id) is not TriageLabel.FLAW and triage(finding, policy) is TriageLabel.FLAW
        if finding.id in by_people and (finding.id in cited or spared):
            return True
    return False
