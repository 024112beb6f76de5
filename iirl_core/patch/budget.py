"""The known-good budget (DESIGN §3): what repairs may take from the guard set, along the whole chain.

For each guard input whose root reward is at least ½: ``r_root − r_now ≤ budget·r_root``. Checked on the rewards of the
full bank, so everything since the last training is charged, and no gain at one point pays for a loss at another.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from iirl_core.errors import InputError

KNOWN_GOOD = 0.5
BUDGET = 0.05
"""The most that may ever be taken; a configuration may ask for less."""
ROUNDING = 1e-6
"""Rewards are float32."""


@dataclass(frozen=True)
class BudgetReport:
    """``charged`` of ``guarded`` inputs lost anything, ``overdrawn`` lost more than the budget allows; ``least`` is the
    smallest share of its root reward that a known-good input kept, ``kept`` the share of them that kept the budget's
    (1 − budget); ``least_of_all`` counts inputs below ½ too. A reward that is not a number kept nothing.
    """

    budget: float
    guarded: int
    charged: int
    overdrawn: int
    least: float
    kept: float
    least_of_all: float

    @property
    def holds(self) -> bool:
        """Whether the repair may be sealed: no input lost too much, and there was one that could have."""
        return self.overdrawn == 0 and self.guarded > 0


def check_budget(root: Tensor, now: Tensor, budget: float) -> BudgetReport:
    """``root [G]`` and ``now [G]`` are the guard inputs' rewards in the unpatched root and with the full bank.

    Raises:
        InputError: the two differ in length, or are empty.
    """
    if root.shape != now.shape or root.ndim != 1 or len(root) == 0:
        raise InputError(f"{list(root.shape)} root rewards for {list(now.shape)} rewards", "one each, and at least one")
    root, now = root.detach().double(), now.detach().double()
    share = (now / root.clamp(min=1e-12)).clamp(max=1).nan_to_num(nan=0.0)
    share = share.where(root > 0, root.new_ones(()))
    # Negated, so that what is not a number is charged.
    good = ~(root < KNOWN_GOOD)
    overdrawn = good & ~(now >= root - budget * root - ROUNDING)
    shares = share[good]
    return BudgetReport(
        budget=budget,
        guarded=int(good.sum()),
        charged=int((good & ~(now >= root - ROUNDING)).sum()),
        overdrawn=int(overdrawn.sum()),
        least=float(shares.min()) if len(shares) else 1.0,
        kept=1 - float(overdrawn.sum()) / max(len(shares), 1),
        least_of_all=float(share.min()),
    )
