"""What a round's repair came to, and the record of it.

audits/DIGEST/ROUND/repair.json keeps what was repaired, how the trial went, what was refused and why, what it cost
"""

from __future__ import annotations

from dataclasses import dataclass

from iirl_core.audit import Audit
from iirl_core.canonical import Digest, JsonValue, canonical_json
from iirl_core.patch import BudgetReport
from iirl_core.patch.propose import Proposal
from iirl_core.release import audit_file
from iirl_core.repair import Trial
from iirl_core.store.protocol import Store

REPAIR = "repair.json"


@dataclass(frozen=True)
class Repair:
    """``child`` is the repaired artifact, None where nothing could be repaired; ``trial`` is that of the proposal, or
    of the one that failed, None where nothing could be proposed; ``budget`` is measured on the guard set with the
    child's full bank.
    """

    child: Digest | None
    proposal: Proposal
    budget: BudgetReport
    trial: Trial | None

    def document(self) -> dict[str, JsonValue]:
        """As JSON."""
        return {
            "child": self.child,
            "patches": [patch.id for patch in self.proposal.patches],
            "refused": [{"finding": one.finding, "reason": one.reason} for one in self.proposal.refused],
            "postponed": self.proposal.postponed,
            "budget": {
                "allowed": self.budget.budget,
                "guarded": self.budget.guarded,
                "overdrawn": self.budget.overdrawn,
                "least_kept": self.budget.least,
            },
            "trial": None if self.trial is None else self.trial.document(),
        }


def keep_record(store: Store, audit: Audit, repair: Repair) -> None:
    """What was decided stays on record, also where nothing could be repaired."""
    store.put(audit_file(audit.digest, audit.round, REPAIR), canonical_json(repair.document()))
