"""A Trial: what came of trying a repair before it is sealed."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from iirl_core.canonical import JsonValue
from iirl_core.config.governance import TrialSection
from iirl_core.patch.budget import BudgetReport


@dataclass(frozen=True)
class Elsewhere:
    """Of ``sound`` answers, in which the unrepaired model did not break ``norm``, the repaired one breaks it in
    ``broken``; of the others it mends ``healed``. ``hard`` is the norm's.
    """

    norm: str
    hard: bool
    sound: int
    broken: int
    healed: int


@dataclass(frozen=True)
class Trial:
    """``mended`` of ``claimed`` findings hold no more. Of the ``near`` questions around them the unrepaired model broke
    the norm in ``flawed``, and the repaired one still does in ``left`` of those. ``elsewhere`` counts by norm what
    changed in fresh questions and in all neighbours, ``held_out`` in fresh questions of families that nothing is
    repaired from: no reason to prefer a repair, only one to refuse it. ``budget`` is that of the guard set along the
    whole chain; ``cost`` ≥ 0 what this repair takes from a known-good guard input on average, as a share of its root
    reward.
    ``local``: it reaches what lies near its findings, and nothing else. ``beside`` counts, as ``elsewhere`` does and of
    both kinds of question, what the last of it changed that does, where what was chosen before acts everywhere; it is
    empty otherwise. ``reasons`` say why it did not pass, a line
    each; empty when it did.
    """

    claimed: int
    mended: int
    near: int
    flawed: int
    left: int
    elsewhere: tuple[Elsewhere, ...]
    budget: BudgetReport
    cost: float
    local: bool
    held_out: tuple[Elsewhere, ...] = ()
    beside: tuple[Elsewhere, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the repair may be sealed."""
        return not self.reasons

    @property
    def holds(self) -> float:
        """The share of the flawed neighbours that the repair mends too; 1 where none was flawed."""
        return 1 - self.left / self.flawed if self.flawed else 1.0

    @property
    def sound(self) -> int:
        """Questions that broke no norm before."""
        return sum(one.sound for one in self.elsewhere)

    @property
    def broken(self) -> int:
        """Of the sound ones, those that break one now."""
        return sum(one.broken for one in self.elsewhere)

    @property
    def healed(self) -> int:
        """Questions that broke one before, and break it no more."""
        return sum(one.healed for one in self.elsewhere)

    def document(self) -> dict[str, JsonValue]:
        """As JSON."""
        elsewhere: JsonValue = [asdict(one) for one in self.elsewhere]
        held_out: JsonValue = [asdict(one) for one in self.held_out]
        beside: JsonValue = [asdict(one) for one in self.beside]
        return {
            **asdict(self),
            "elsewhere": elsewhere,
            "held_out": held_out,
            "beside": beside,
            "reasons": list(self.reasons),
            "passed": self.passed,
        }

    def __str__(self) -> str:
        others = sum(one.sound for one in self.held_out)
        whose = f" ({sum(one.broken for one in self.held_out):,} of {others:,} of held-out families)" if others else ""
        return (
            f"{self.mended:,} of {self.claimed:,} findings mended, {self.flawed - self.left:,} of {self.flawed:,}"
            f" flawed neighbours with them, {self.broken:,} of {self.sound:,} sound answers broken{whose}"
            f"{f' and {self.healed:,} others mended' if self.healed else ''},"
            f" {self.cost:.2%} of known-good rewards taken on average and {1 - self.budget.least:.1%} at most"
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
    reasons += [
        f"it breaks {one.norm} in {one.broken} of {one.sound} sound answers{whose}"
        for counted, whose in ((trial.elsewhere, ""), (trial.held_out, " to families held out of repair"))
        for one in counted
        if breaches(one, trial.local, section)
    ]
    reasons += [
        f"beside what acts everywhere it breaks {one.norm} in {one.broken} of {one.sound} sound answers"
        for one in trial.beside
        if breaches(one, True, section)
    ]
    if not trial.budget.guarded:
        reasons.append("no guard input has a reward that it could be held to")
    if trial.budget.overdrawn:
        reasons.append(
            f"{trial.budget.overdrawn} of {trial.budget.guarded} known-good inputs lose more than their budget of"
            f" {trial.budget.budget:.1%}"
        )
    return tuple(reasons)


def breaches(one: Elsewhere, local: bool, section: TrialSection) -> bool:
    """Whether a norm suffers from a repair. What acts near its findings has no business to break a sound answer, and a
    hard norm tolerates none; what acts everywhere moves answers over a threshold in both directions, and may be let
    break a share of a soft norm's. Answers that it mends pay for none: they are mostly like its findings.
    """
    return one.broken > (0 if local or one.hard else section.broken * one.sound)
