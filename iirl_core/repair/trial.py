"""A Trial: what came of trying a repair before it is sealed."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from iirl_core.canonical import JsonValue
from iirl_core.config.governance import TrialSection
from iirl_core.patch.budget import BudgetReport


@dataclass(frozen=True)
class Trial:
    """``mended`` of ``claimed`` findings hold no more. Of the ``near`` questions around them the unrepaired model broke
    the norm in ``flawed``, and the repaired one still does in ``left`` of those. Of ``sound`` questions on which the
    unrepaired model broke no norm, fresh ones and neighbours, the repaired one breaks ``broken``. ``budget`` is that of
    the guard set along the whole chain; ``cost`` ≥ 0 what this repair takes from a known-good guard input on average,
    as a share of its root reward. ``reasons`` say why it did not pass, a line each; empty when it did.
    """

    claimed: int
    mended: int
    near: int
    flawed: int
    left: int
    sound: int
    broken: int
    budget: BudgetReport
    cost: float
    reasons: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the repair may be sealed."""
        return not self.reasons

    @property
    def holds(self) -> float:
        """The share of the flawed neighbours that the repair mends too; 1 where none was flawed."""
        return 1 - self.left / self.flawed if self.flawed else 1.0

    def document(self) -> dict[str, JsonValue]:
        """As JSON."""
        return {**asdict(self), "reasons": list(self.reasons), "passed": self.passed}

    def __str__(self) -> str:
        return (
            f"{self.mended:,} of {self.claimed:,} findings mended, {self.flawed - self.left:,} of {self.flawed:,}"
            f" flawed neighbours with them, {self.broken:,} of {self.sound:,} sound answers broken, {self.cost:.2%} of"
            f" known-good rewards taken on average and {1 - self.budget.least:.1%} at most"
        )


def reasons_of(trial: Trial, section: TrialSection) -> tuple[str, ...]:
    """Why ``trial`` does not pass; decided from its counts alone."""
    reasons = []
    if trial.claimed == 0:
        reasons.append("it mends nothing")
    if trial.mended < trial.claimed:
        reasons.append(f"{trial.claimed - trial.mended} of the {trial.claimed} findings that it claims still hold")
    if trial.holds < section.hold:
        reasons.append(f"around them {trial.left} of {trial.flawed} flaws are left, more than {1 - section.hold:.0%}")
    if trial.broken > section.broken * trial.sound:
        reasons.append(f"it breaks a norm in {trial.broken} of {trial.sound} sound answers")
    if not trial.budget.guarded:
        reasons.append("no guard input has a reward that it could be held to")
    if trial.budget.overdrawn:
        reasons.append(
            f"{trial.budget.overdrawn} of {trial.budget.guarded} known-good inputs lose more than their budget of"
            f" {trial.budget.budget:.1%}"
        )
    return tuple(reasons)
