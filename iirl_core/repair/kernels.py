"""Kernels on trial: propose, try, leave out what does not hold, and offer what lost its kernel the next space."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from iirl_core.audit.finding import Finding
from iirl_core.config.governance import PatchSection
from iirl_core.patch.boosting import Lows, boosts
from iirl_core.patch.propose import Flaws, Proposal, Refusal, flaws_of, propose
from iirl_core.patch.repairs import Repairs
from iirl_core.repair.bounding import bounded_rows, lows_of
from iirl_core.repair.offer import Offer
from iirl_core.repair.standing import Standing
from iirl_core.repair.trimming import Trimmed, trim
from iirl_core.reward_model import RewardModel


@dataclass(frozen=True)
class Kernels:
    """``offer`` holds the kernels that passed their trial together, none of them where that failed; it is None where
    nothing could be proposed. ``refused`` says by finding why no kernel mends it; ``postponed`` are left for the next
    round.
    """

    offer: Offer | None = None
    refused: dict[str, str] = field(default_factory=dict)
    postponed: int = 0


@dataclass(frozen=True, eq=False)
class Aims:
    """What kernels may mend: flaws that are too ``high``, and flaws that are too ``low``, beside the rows ``bounded [B,
    D]`` that must not rise with them.
    """

    high: Flaws
    low: Lows
    bounded: Tensor

    @classmethod
    def of(cls, findings: Sequence[Finding], standing: Standing) -> tuple[Aims, tuple[Refusal, ...]]:
        """Of ``findings``, and those that no kernel can mend."""
        ground, model = standing.ground, standing.model
        high, refused = flaws_of(model, findings, ground.norms)
        low = lows_of(model, findings, ground.norms)
        target = float(low.least.max()) if len(low.least) else 0.0
        return cls(high, low, bounded_rows(ground, target)), refused

    def only(self, findings: Container[str]) -> Aims:
        """Those of these findings."""
        return Aims(self.high.only(findings), self.low.only(findings), self.bounded)

    def proposed(self, model: RewardModel, standing: Standing, section: PatchSection) -> Proposal:
        """Kernels for all of them on top of ``model``."""
        down = propose(model, self.high, standing.guard, section, standing.round)
        room = section.max_patches - len(down.patches)
        if room < 1:
            return down.joined(Proposal((), (), len(self.low.findings)))
        narrower = section.model_copy(update={"max_patches": room})
        model = model.with_patches((*model.patches, *down.patches))
        return down.joined(boosts(model, self.low, self.bounded, narrower, standing.round))


def kernels(aims: Aims, standing: Standing) -> Kernels:
    """Kernels for ``aims`` on top of what is done. Pure, as ``propose`` and ``boosts`` are."""
    section = standing.section
    first = aims.proposed(standing.model, standing, section)
    refused = {one.finding: one.reason for one in first.refused}
    if not first.patches:
        return Kernels(None, refused, first.postponed)
    done = trim(first.patches, standing)
    for start in range(1, len(section.spaces)):
        room = section.max_patches - len(done.patches)
        if not done.refused or room < 1:
            break
        narrower = section.model_copy(update={"spaces": section.spaces[start:], "max_patches": room})
        now = standing.with_more(Repairs(done.patches))
        more = aims.only(done.refused).proposed(now, standing, narrower)
        if more.patches:
            done = _both(done, trim((*done.patches, *more.patches), standing))
    claimed = frozenset(name for patch in done.patches for name in patch.findings)
    offer = Offer("kernels", Repairs(done.patches), claimed, done.trial)
    return Kernels(offer, {**refused, **done.refused}, first.postponed)


def _both(before: Trimmed, after: Trimmed) -> Trimmed:
    """``after`` tried everything that ``before`` has and more; where it came to nothing, ``before`` stands."""
    if not after.patches:
        return before
    mended = {name for patch in after.patches for name in patch.findings}
    refused = {**before.refused, **after.refused}
    return Trimmed(after.patches, after.trial, {name: reason for name, reason in refused.items() if name not in mended})
