"""An Offer: one candidate repair that was tried."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from iirl_core.config.governance import RepairKind
from iirl_core.patch.repairs import Repairs
from iirl_core.repair.trial import Trial

LEAST = 0.5
"""The share of its norm's findings that what acts everywhere must mend: it has to be worth it."""


@dataclass(frozen=True)
class Offer:
    """``repairs`` would be added, and mend the findings ``claimed``; ``trial`` is of them and of all that was chosen
    before.
    """

    kind: RepairKind
    repairs: Repairs
    claimed: frozenset[str]
    trial: Trial

    def among(self, ids: Collection[str]) -> bool:
        """Whether one of its repairs is."""
        return not self.repairs.ids.isdisjoint(ids)

    def too_few(self, findings: int) -> Offer:
        """With one reason more against it: it claims less than ``LEAST`` of so many."""
        few = f"it mends {len(self.claimed)} of the {findings} findings that it is for, less than {LEAST:.0%}"
        return replace(self, trial=replace(self.trial, reasons=(*self.trial.reasons, few)))

    @property
    def size(self) -> int:
        """Of how many pieces it is: kernels, directions, knots, and the ranks of what weights are changed by."""
        directions = sum(len(one.directions) for one in self.repairs.projections)
        knots = sum(len(one.knots) for one in self.repairs.sculpts)
        ranks = sum(change.rank for one in self.repairs.edits for change in one.changes)
        return len(self.repairs.patches) + directions + knots + ranks

    @property
    def price(self) -> tuple[float, float]:
        """What it costs, to a hundredth of a percent, then its size for each finding that it mends: what mends a few
        is not to come before what mends them all.
        """
        return round(self.trial.cost, 4), self.size / max(1, len(self.claimed))
