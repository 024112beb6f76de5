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
    WAITS = "it waits for a person"


@dataclass(frozen=True)
class Round:
    """One round that was turned: its ``probes``, whether its verdict ``passed``, the ``open`` findings of hard norms,
    whether its repair ``repaired`` anything (True before it is known), and where it did not, whether that ``waits`` for
    a person: to decide about a repair, or about what is a flaw.
    """

    probes: int
    passed: bool
    open: int
    repaired: bool = True
    waits: bool = False


def decide_next(rounds: Sequence[Round], section: FlywheelSection) -> Step:
    """After the audit of the last of ``rounds``, at least one, oldest first: release when it passed; else patch, while
    rounds and probes are left, the last repair changed something, and one of the last ``section.patience`` rounds had
    fewer open findings than any before them. What waits for a person ends it, too.
    """
    last = rounds[-1]
    if last.passed:
        return Step.RELEASE
    if len(rounds) >= section.rounds:
        return Step.SPENT
    if section.probes is not None and sum(one.probes for one in rounds) >= section.probes:
        return Step.ASKED
    if not last.repaired:
        return Step.WAITS if last.waits else Step.STUCK
    return Step.IDLE if _idle([one.open for one in rounds], section.patience) else Step.PATCH


def _idle(found: Sequence[int], patience: int | None) -> bool:
    if patience is None or len(found) <= patience:
        return False
    return min(found[-patience:]) >= min(found[:-patience])
