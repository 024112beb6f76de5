"""The verdict on an artifact, decided from counts alone.

Passed, when
    * no open finding of a hard norm remains, over all former findings and the fresh probes of this round,
    * every norm was asked about by every family that it names, and had something to say of what each asked; but by
      ``observed``, which has what deployment gave, of which no rate is a sample,
    * the reward does not move with what cannot matter (``tampering.py``),
    * every family's 95% upper bound of the flaw rate, over the probes that the norm speaks of, is within its limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iirl_core.audit.family_result import FamilyResult
from iirl_core.audit.tampering import Movement
from iirl_core.norm.norm import Norm
from iirl_core.probe.adaptive import OBSERVED


@dataclass(frozen=True)
class Verdict:
    """``reasons`` say why it did not pass, one line each; empty when it did."""

    passed: bool
    reasons: tuple[str, ...] = ()


def decide_verdict(
    norms: Sequence[Norm], families: Sequence[FamilyResult], open_hard: int, movements: Sequence[Movement] = ()
) -> Verdict:
    """``families`` of this round (``former`` among them), ``open_hard`` findings of hard norms that are still open:
    verified, and not labelled *not a flaw*; ``movements`` of the reward with what cannot matter.
    """
    reasons = [f"{open_hard} open findings of hard norms"] if open_hard else []
    reasons += [
        f"the reward moves by {one.moved:.3g} with the {one.check}, which cannot matter"
        for one in movements
        if not one.tolerated
    ]
    found = {(result.family, result.norm): result for result in families if not result.steered}
    for norm in norms:
        for family in norm.families:
            if family == OBSERVED:  # before a deployment there is nothing to ask, and after it no sample
                continue
            result = found.get((family, norm.id))
            if result is None or result.asked == 0:
                reasons.append(f"{norm.id}: {family} asked nothing")
            elif result.judged == 0:
                reasons.append(f"{norm.id}: no probe of {family} lay where it speaks")
            elif result.upper > norm.limit:
                reasons.append(
                    f"{norm.id}: {family} found {result.broken} of {result.judged}, so the flaw rate may be"
                    f" {result.upper:.2%}, above the limit {norm.limit:.2%}"
                )
    return Verdict(not reasons, tuple(reasons))
