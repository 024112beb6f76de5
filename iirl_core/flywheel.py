"""What the wheel does after an audit. Decided from frozen data; acted on elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from iirl_core.config.governance import FlywheelSection


class Step(StrEnum):
    """The next turn of the wheel, or why there is none."""

    RELEASE = "release"
    PATCH = "patch"
    SPENT = "the rounds are spent"
    ASKED = "the probes are spent"
    IDLE = "nothing improves any more: train again"
    STUCK = "the last repair changed nothing: train again"


@dataclass(frozen=True)
class Round:
    """One round that was turned: its ``probes``, whether its verdict ``passed``, the ``open`` findings of hard norms,
    and whether its repair ``repaired`` anything (True before it is known).
    """

    probes: int
    passed: bool
    open: int
    repaired: bool = True


def decide_next(rounds: Sequence[Round], section: FlywheelSection) -> Step:
    """After the audit of the last of ``rounds``, at least one, oldest first: release when it passed; else patch, while
    rounds and probes are left, the last repair changed something, and one of the last ``section.patience`` rounds had
    fewer open findings than any before them.
    """
    last = rounds[-1]
    if last.passed:
        return Step.RELEASE
    if len(rounds) >= section.rounds:
        return Step.SPENT
    if section.probes is not None and sum(one.probes for one in rounds) >= section.probes:
        return Step.ASKED
    if not last.repaired:
        return Step.STUCK
    return Step.IDLE if _idle([one.open for one in rounds], section.patience) else Step.PATCH


def _idle(found: Sequence[int], patience: int | None) -> bool:
    if patience is None or len(found) <= patience:
        return False
    return min(found[-patience:]) >= min(found[:-patience])
