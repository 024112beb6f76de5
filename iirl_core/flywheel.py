"""What the wheel does after an audit. Decided from frozen data; acted on elsewhere."""

from __future__ import annotations

from enum import StrEnum

from iirl_core.audit.verdict import Verdict


class Step(StrEnum):
    """The next turn of the wheel, or why there is none."""

    RELEASE = "release"
    PATCH = "patch"
    SPENT = "the rounds are spent"
    STUCK = "the last repair changed nothing: train again"


def decide_next(verdict: Verdict, round_: int, rounds: int, improved: bool) -> Step:
    """After the audit of ``round_`` (from 1) of at most ``rounds``: release when it passed; else patch, while rounds
    are left and the last repair ``improved`` anything (a patch was accepted; True before the first).
    """
    if verdict.passed:
        return Step.RELEASE
    if round_ >= rounds:
        return Step.SPENT
    return Step.PATCH if improved else Step.STUCK
