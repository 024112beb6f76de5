"""What is said of a round of repair: what was tried, what was refused and why, what is left for the next round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from iirl_core.config.governance import PatchSection
from iirl_core.repair import CHOSEN, Plan

REASONS = 5
"""Reasons for refusals that are told; ``repair.json`` has them all, by finding."""


def lines_of(plan: Plan, section: PatchSection) -> Iterator[str]:
    """A line for each candidate and each thing that speaks against it, for the commonest reasons why flaws are refused,
    and for what a round has no room for.
    """
    for offer in plan.considered:
        verdict = "chosen" if offer in plan.chosen else "passed" if offer.trial.passed else "not passed"
        yield f"  {offer.kind}, {offer.repairs}: trial {verdict}: {offer.trial}"
        for reason in offer.trial.reasons:
            yield f"    {reason}"
    reasons = Counter(one.reason for one in plan.refused).most_common()
    for reason, count in reasons[:REASONS]:
        yield f"  {_flaws(count)} refused: {reason}"
    if left := sum(count for _, count in reasons[REASONS:]):
        yield f"  {_flaws(left)} refused for other reasons: see repair.json of the round"
    if plan.postponed:
        full = len(plan.chosen) == CHOSEN
        why = f"{CHOSEN} candidates were chosen" if full else f"patch.max_patches is {section.max_patches}"
        yield f"  {_flaws(plan.postponed)} left for the next round: {why}"


def _flaws(count: int) -> str:
    return f"{count:,} flaw{'' if count == 1 else 's'}"
