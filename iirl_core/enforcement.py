"""Enforcement: what a Reading means for a trainer, under the thresholds of a release.

In order: reward < floor → BLOCK; uncertainty ≥ its maximum → ESCALATE; coverage uncertainty ≥ its maximum → ESCALATE (a
high reward that nobody audited is the classic exploit); else ALLOW. Source: The Alignment Flywheel (arXiv 2603.02259).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from iirl_core.config.governance import ThresholdsSection
from iirl_core.errors import ArtifactError
from iirl_core.reading import Action, Reading

Blocked = Literal["floor", "refuse"]
Escalated = Literal["lower-bound", "floor", "refuse"]


@dataclass(frozen=True)
class Thresholds:
    """The thresholds that a release froze; ``ThresholdsSection`` says what each is.

    Raises:
        ArtifactError: a limit is outside [0, 1] or not a number, β is not positive, or a rule is unknown.
    """

    reward_floor: float
    uncertainty_max: float
    coverage_max: float
    blocked: Blocked
    escalated: Escalated
    beta: float

    def __post_init__(self) -> None:
        limits = (self.reward_floor, self.uncertainty_max, self.coverage_max)
        if not all(0 <= limit <= 1 for limit in limits) or not 0 < self.beta < math.inf:
            raise ArtifactError(f"thresholds {limits} with β {self.beta}", "limits in [0, 1] and β > 0")
        if self.blocked not in ("floor", "refuse") or self.escalated not in ("lower-bound", "floor", "refuse"):
            raise ArtifactError(f"rules {self.blocked!r} and {self.escalated!r}", "floor, lower-bound or refuse")

    @staticmethod
    def of(section: ThresholdsSection) -> Thresholds:
        """From the configuration."""
        return Thresholds(**section.model_dump())


class Enforced(NamedTuple):
    """The action, the number for the trainer (None: refuse to give one), and the thresholds that were crossed."""

    action: Action
    delivered: float | None
    reasons: tuple[str, ...]


def enforce(
    reading: Reading, coverage_uncertainty: float, thresholds: Thresholds, known_good_floor: float = 0.0
) -> Enforced:
    """Judge one reading.

    A blocked input delivers 0. An escalated one delivers at most ``known_good_floor``, the lowest reward that any
    known-good input may have (in [0, 1]), so that being uncertain never pays more than being known to be good. All is
    scaled by β at the end. A number that is not finite counts as the worst it could be, and is never delivered.
    """
    reward, uncertainty = reading.reward, reading.uncertainty
    if not math.isfinite(reward):
        return _blocked(thresholds, "reward is not a number")
    if reward < thresholds.reward_floor:
        return _blocked(thresholds, f"reward {reward:.4g} < {thresholds.reward_floor:g}")
    reasons = []
    # Written so that NaN, which compares as neither, escalates too.
    if not uncertainty < thresholds.uncertainty_max:
        reasons.append(f"uncertainty {uncertainty:.4g} ≥ {thresholds.uncertainty_max:g}")
    if not coverage_uncertainty < thresholds.coverage_max:
        reasons.append(f"coverage uncertainty {coverage_uncertainty:.4g} ≥ {thresholds.coverage_max:g}")
    if not reasons:
        return Enforced(Action.ALLOW, thresholds.beta * reward, ())
    return Enforced(Action.ESCALATE, _escalated(reading, thresholds, known_good_floor), tuple(reasons))


def _blocked(thresholds: Thresholds, reason: str) -> Enforced:
    return Enforced(Action.BLOCK, None if thresholds.blocked == "refuse" else 0.0, (reason,))


def _escalated(reading: Reading, thresholds: Thresholds, known_good_floor: float) -> float | None:
    if thresholds.escalated == "refuse":
        return None
    if thresholds.escalated == "floor":
        return 0.0
    lower = reading.reward * (1.0 - reading.uncertainty) if math.isfinite(reading.uncertainty) else 0.0
    cap = known_good_floor if math.isfinite(known_good_floor) else 0.0
    return thresholds.beta * min(max(lower, 0.0), max(cap, 0.0))
