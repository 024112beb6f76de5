"""Proposing boosts: compact kernels that lift rewards to what floors ask for, and nothing that must stay low.

A boost is not as strong as can be, as a suppression is: what it lifts too high is paid. It is a little stronger than
what its flaw still lacks when it is taken, so that no centre is taken twice, and narrow enough to be zero at the
nearest row that must not rise (what ceilings speak of). Among boosts the one that lifts most flaws far enough goes
first. A flaw beside such a row in every space is refused.

Pure: the same flaws and model give the same patches.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

import torch
from torch import Tensor

from iirl_core.config.governance import PatchSection
from iirl_core.errors import InputError
from iirl_core.expertness import Episodes
from iirl_core.patch.candidates import LEAST_WIDTH
from iirl_core.patch.kernel import kernel
from iirl_core.patch.known_good import nearest
from iirl_core.patch.patch import Patch, Space
from iirl_core.patch.propose import AROUND, LEAST_GATE, Proposal, Refusal
from iirl_core.reward_model import RewardModel

STRENGTHS = (1.25, 2.5)
"""Strengths tried, in units of what the flaw still lacks: the second carries farther, and lifts its middle more."""
APART = 0.75
"""The share of the distance to what must not rise that a boost may reach."""
MOST = 1.0
"""A flaw that lacks more lies under a kernel that suppresses."""


@dataclass(frozen=True, eq=False)
class Lows:
    """F flaws whose reward is too low: offending rows ``z [F, D]``, the rewards that they are to reach, ``least [F]``,
    the ids of their findings, and of the norms.
    """

    z: Tensor
    least: Tensor
    findings: tuple[str, ...]
    norms: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.z.ndim != 2 or not len(self.z) == len(self.least) == len(self.findings) == len(self.norms):
            raise InputError(
                f"flaws of shape {list(self.z.shape)} with {len(self.least)} rewards, {len(self.findings)} findings",
                "one of each",
            )

    def only(self, findings: Container[str]) -> Lows:
        """Those of these findings."""
        chosen = [place for place, name in enumerate(self.findings) if name in findings]
        names, norms = (tuple(some[place] for place in chosen) for some in (self.findings, self.norms))
        return Lows(self.z[chosen], self.least[chosen], names, norms)


@torch.no_grad()
def boosts(model: RewardModel, lows: Lows, bounded: Tensor, section: PatchSection, round_: int) -> Proposal:
    """Boosting patches for ``lows`` on top of the model's bank; ``bounded [B, D]`` are rows that must not rise."""
    if not len(lows.z):
        return Proposal((), ())
    work = _Work(model, lows, section, round_)
    for space in section.spaces:
        if work.open.any() and work.room():
            work.lift(space, bounded)
    left = work.open.nonzero()[:, 0].tolist()
    if not work.room():
        return Proposal(tuple(work.patches), (), len(left))
    reason = f"beside what a ceiling speaks of in {', '.join(section.spaces)}, or under a kernel: train again"
    return Proposal(tuple(work.patches), tuple(Refusal(lows.findings[place], reason) for place in left))


class _Work:
    """One round of proposing: owns what every flaw still lacks, and the patches so far."""

    def __init__(self, model: RewardModel, lows: Lows, section: PatchSection, round_: int) -> None:
        self.model, self.lows, self.section, self.round = model, lows, section, round_
        rows = model.rows(lows.z, Episodes.single(len(lows.z)))
        paid = rows.unpatched + rows.reshaped - rows.suppressed + rows.boosted  # without the clip
        self.lacks = lows.least.double() - paid.double()
        self.patches: list[Patch] = []

    @property
    def open(self) -> Tensor:
        return self.lacks > 0

    def room(self) -> bool:
        return len(self.patches) < self.section.max_patches

    def lift(self, space: Space, bounded: Tensor) -> None:
        """Lift what can be in one space, expert by expert."""
        phi, gate = self.model.space(self.lows.z, space)
        low, _ = self.model.space(bounded, space)
        for expert in range(phi.shape[1]):
            weight = gate[:, expert].double()
            around = (self.open & (weight >= LEAST_GATE) & (self.lacks <= MOST)).nonzero()[:, 0]
            if not len(around) or not self.room():
                continue
            around = around[torch.linspace(0, len(around) - 1, min(AROUND, len(around))).long()]
            centres = phi[around, expert].double()
            widths = torch.full((len(around),), self.section.max_width, dtype=torch.float64)
            if len(bounded):
                widths = widths.minimum(APART * nearest(centres, low[:, expert].double())[0])
            wide = widths >= LEAST_WIDTH
            self._cover(space, expert, (around[wide], centres[wide], widths[wide]), (phi[:, expert].double(), weight))

    def _cover(
        self, space: Space, expert: int, kernels: tuple[Tensor, Tensor, Tensor], flaws: tuple[Tensor, Tensor]
    ) -> None:
        """Greedy: the kernel that lifts most open flaws far enough, the weakest of those; until none lifts any."""
        (around, centres, widths), (phi, weight) = kernels, flaws
        if not len(around):
            return
        reach = weight * kernel(torch.cdist(centres, phi) / widths[:, None])
        while self.room() and self.open.any():
            needs = self.lacks[around].clamp(min=0) / weight[around]  # a flaw that is done offers no kernel
            strengths = torch.cat([times * needs for times in STRENGTHS])
            lifts = strengths[:, None] * reach.repeat(len(STRENGTHS), 1)
            lifted = (lifts >= self.lacks) & self.open
            best = int(lifted.sum(dim=1).argmax())
            if not lifted[best].any():
                return
            chosen, strength = best % len(around), float(strengths[best])
            mended = lifted[best].nonzero()[:, 0].tolist()
            self.patches.append(
                Patch(
                    effect="boost",
                    space=space,
                    expert=expert,
                    centre=tuple(centres[chosen].tolist()),
                    width=float(widths[chosen]),
                    strength=strength,
                    findings=tuple(self.lows.findings[place] for place in mended),
                    norms=tuple(sorted({self.lows.norms[place] for place in mended})),
                    round=self.round,
                )
            )
            self.lacks = self.lacks - lifts[best]
