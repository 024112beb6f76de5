"""What ``iirl patch`` says of a round of repair: what was tried, what was refused and why, what waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import get_args

from iirl_core.config.governance import PatchSection, RepairKind
from iirl_core.repair import Plan

REASONS = 5
"""Reasons for refusals that are told; ``repair.json`` has them all, by finding."""


def lines_of(plan: Plan, section: PatchSection) -> Iterator[str]:
    """A line for each candidate and each thing that speaks against it, for each reason why flaws are refused (the
    commonest first), and for what a round has no room for.
    """
    for offer in plan.considered:
        verdict = "chosen" if offer in plan.chosen else "passed" if offer.trial.passed else "not passed"
        yield f"  {offer.kind}, {offer.repairs}: trial {verdict}: {offer.trial}"
        for reason in offer.trial.reasons:
            yield f"    {reason}"
    reasons = Counter(one.reason for one in plan.refused).most_common()
    for reason, count in reasons[:REASONS]:
        yield f"  refused {count:,}: {reason}"
    if left := sum(count for _, count in reasons[REASONS:]):
        yield f"  refused {left:,} for other reasons: see repair.json of the round"
    if plan.postponed:
        yield f"  left for the next round {plan.postponed:,}: patch.max_patches is {section.max_patches}"


def untried(section: PatchSection) -> tuple[str, ...]:
    """What a configuration could allow when nothing that it allows mends a flaw; empty where it allows everything."""
    kinds = [kind for kind in get_args(RepairKind) if kind not in section.kinds]
    return (f"name {', '.join(kinds)} in patch.kinds",) if kinds else ()
