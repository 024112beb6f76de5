"""Who decides about a repair: the written policy, or a person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from iirl_core.config.governance import PatchSection
from iirl_core.repair.choosing import Plan


class Approval(StrEnum):
    """What becomes of a plan."""

    NOTHING = "there is nothing to seal"
    CHOOSE = "a person chooses among candidates"
    SUGGEST = "a person decides"
    SEAL = "the policy lets it be sealed"


@dataclass(frozen=True)
class Decided:
    """``reasons`` say why the policy leaves it to a person; empty where it does not."""

    approval: Approval
    reasons: tuple[str, ...] = ()


def decide(plan: Plan, section: PatchSection) -> Decided:
    """By ``patch.approval`` and, where that is automatic, within ``patch.automatic``."""
    if section.approval == "manual":
        return Decided(Approval.CHOOSE, ("patch.approval: manual",)) if plan.open else Decided(Approval.NOTHING)
    trial = plan.trial
    if not plan.chosen or trial is None:
        return Decided(Approval.NOTHING)
    if section.approval == "suggested":
        return Decided(Approval.SUGGEST, ("patch.approval: suggested",))
    policy = section.automatic
    kinds = [kind for kind in dict.fromkeys(offer.kind for offer in plan.chosen) if kind not in policy.kinds]
    reasons = [f"{kind} is not one of patch.automatic.kinds" for kind in kinds]
    if trial.cost > policy.cost:
        reasons.append(f"it takes {trial.cost:.2%} of known-good rewards, more than patch.automatic.cost")
    return Decided(Approval.SUGGEST if reasons else Approval.SEAL, tuple(reasons))
