"""Proposing suppression: as few compact kernels as clear the flaws of a round and leave the known-good rows alone.

    * A flaw is mended in the first space, in the order of the configuration, in which it can be mended cautiously;
      where it cannot in any, with less caution, down to none. The budget on known-good rows is never given up.
    * Among kernels the one that clears most flaws goes first (greedy set cover, Chvátal 1979: ln F times the least).
    * A flaw whose space holds known-good rows right beside it *collides*: the latents are not injective. One that
      collides in every offered space is refused, and sent to re-training.

Pure: the same flaws and model give the same patches.
"""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from iirl_core.audit.finding import Finding
from iirl_core.config.governance import PatchSection
from iirl_core.errors import InputError
from iirl_core.expertness import Episodes
from iirl_core.norm.norm import Norm, NormKind
from iirl_core.patch.budget import KNOWN_GOOD
from iirl_core.patch.candidates import Candidates, candidates_of
from iirl_core.patch.known_good import KnownGood, Neighbours, neighbours_of, slack_of
from iirl_core.patch.patch import Patch, Space
from iirl_core.reward_model import RewardModel

CAUTION = (1.0, 0.5, 0.25, 0.0)
"""Shares of the margin kept from known-good rows, tried in turn."""
AROUND = 300
"""Flaws that offer kernels at a time."""
LEAST_GATE = 0.2
"""An expert that hardly speaks at a flaw is no place to mend it."""
SPENT = 0.8
"""Share of the budget that proposals use: the rest absorbs rounding and later rounds."""


@dataclass(frozen=True, eq=False)
class Flaws:
    """F flaws whose reward is too high: offending rows ``z [F, D]``, the ids of their findings, and of the norms."""

    z: Tensor
    findings: tuple[str, ...]
    norms: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.z.ndim != 2 or not len(self.z) == len(self.findings) == len(self.norms):
            raise InputError(
                f"flaws of shape {list(self.z.shape)} with {len(self.findings)} findings, {len(self.norms)} norms",
                "one of each",
            )

    def only(self, findings: Container[str]) -> Flaws:
        """Those of these findings."""
        chosen = [place for place, name in enumerate(self.findings) if name in findings]
        return Flaws(self.z[chosen], tuple(self.findings[i] for i in chosen), tuple(self.norms[i] for i in chosen))


@dataclass(frozen=True)
class Refusal:
    """A flaw that is not mended, and why; ``final``: no repair of any kind could."""

    finding: str
    reason: str
    final: bool = False


@dataclass(frozen=True)
class Proposal:
    """``patches`` to append to the bank, ``refused`` flaws for re-training, and how many are ``postponed``: left for
    the next round because this one has all the patches that it may have.
    """

    patches: tuple[Patch, ...]
    refused: tuple[Refusal, ...]
    postponed: int = 0

    def joined(self, more: Proposal) -> Proposal:
        """Both together."""
        refused = (*self.refused, *more.refused)
        return Proposal((*self.patches, *more.patches), refused, self.postponed + more.postponed)


def flaws_of(
    model: RewardModel, findings: Sequence[Finding], norms: Sequence[Norm]
) -> tuple[Flaws, tuple[Refusal, ...]]:
    """The offending rows of ``findings`` whose reward is too high; refused are those that no kernel can mend: a
    direction that raises asks for more than another reward, an invariance for equality, and a predicate for nobody
    knows what; and what is not a number. Findings of floors are neither (see ``boosting``).
    """
    by_id = {norm.id: norm for norm in norms}
    refused = tuple(filter(None, (_refusal(finding, by_id.get(finding.norm)) for finding in findings)))
    beyond = {one.finding for one in refused}
    floors = {norm.id for norm in norms if norm.kind is NormKind.FLOOR}
    mendable = [finding for finding in findings if finding.id not in beyond and finding.norm not in floors]
    encoded = model.encoder.encode([finding.offender for finding in mendable])
    starts = [0, *torch.tensor(encoded.lengths, dtype=torch.int64).cumsum(0).tolist()]
    rows = [start + finding.step for start, finding in zip(starts, mendable, strict=False)]
    flaws = Flaws(
        encoded.z[rows], tuple(finding.id for finding in mendable), tuple(finding.norm for finding in mendable)
    )
    return flaws, refused


def _refusal(finding: Finding, norm: Norm | None) -> Refusal | None:
    """Why no kernel can mend it; None where one may."""
    if any(math.isnan(reward) for reward in finding.rewards):
        return Refusal(finding.id, "its reward is not a number: train again", final=True)
    if norm is None or norm.kind is NormKind.PREDICATE:
        what = "an unknown norm" if norm is None else "a predicate, which does not say what reward is right"
        return Refusal(finding.id, f"{what}: train again", final=True)
    if not (norm.lowers or norm.kind is NormKind.FLOOR):
        return Refusal(finding.id, f"{norm.kind}: not mended by a kernel, train again")
    return None


@torch.no_grad()
def propose(model: RewardModel, flaws: Flaws, known: KnownGood, section: PatchSection, round_: int) -> Proposal:
    """Suppressing patches for ``flaws`` on top of the model's bank. ``check_budget`` has the last word on the guard.

    Without a known-good guard input there is nothing to hold a repair to, and every flaw is refused.
    """
    if len(flaws.z) == 0:
        return Proposal((), ())
    if not bool((known.root_rewards >= KNOWN_GOOD).any()):
        reason = f"no guard input has a root reward of {KNOWN_GOOD:g} that a repair could be held to: train again"
        return Proposal((), tuple(Refusal(finding, reason) for finding in flaws.findings))
    work = _Work(model, flaws, slack_of(model, known, SPENT * section.budget), section, round_)
    views: dict[Space, list[Neighbours]] = {}
    for caution, space in product(CAUTION, section.spaces):
        if not (work.open.any() and work.room()):
            break
        views[space] = views.get(space) or neighbours_of(model, known, space)
        while work.open.any() and work.room() and work.mend(views[space], caution):
            pass
    reason = f"collides with known-good inputs in {', '.join(section.spaces)}: train again"
    left = work.open.nonzero()[:, 0].tolist()
    if not work.room():
        return Proposal(tuple(work.patches), (), len(left))
    return Proposal(tuple(work.patches), tuple(Refusal(flaws.findings[i], reason) for i in left))


class _Work:
    """One round of proposing: owns what is still open, what known-good rows can still give, and the patches so far."""

    def __init__(self, model: RewardModel, flaws: Flaws, slack: Tensor, section: PatchSection, round_: int) -> None:
        self.model, self.flaws, self.slack, self.section, self.round = model, flaws, slack, section, round_
        self.reward = model.rewards(flaws.z, Episodes.single(len(flaws.z))).double()
        self.open = self.reward > 0
        self.patches: list[Patch] = []

    def room(self) -> bool:
        return len(self.patches) < self.section.max_patches

    def mend(self, views: Sequence[Neighbours], caution: float) -> bool:
        """Clear open flaws in one space; whether any was."""
        phi, gate = self.model.space(self.flaws.z, views[0].space)
        offered = []
        for view in views:
            weight = gate[:, view.expert].double()
            around = (self.open & (weight >= LEAST_GATE)).nonzero()[:, 0]
            if len(around):
                # Evenly over the open flaws, whose order the audit gave: the worst first.
                around = around[torch.linspace(0, len(around) - 1, min(AROUND, len(around))).long()]
                flaws = (phi[:, view.expert].double(), weight, self.reward)
                width = self.section.max_width
                offered.append(candidates_of(view, self.slack, flaws, around, caution=caution, max_width=width))
        before = len(self.patches)
        self._cover(offered)
        return len(self.patches) > before

    def _cover(self, offered: Sequence[Candidates]) -> None:
        """Greedy: the kernel that clears most open flaws, until none clears any."""
        which = [(group, index) for group in offered for index in range(len(group.widths))]
        if not which:
            return
        clears = torch.cat([group.clears for group in offered]).float()
        gains = clears @ self.open.float()
        while self.room():
            best = int(gains.argmax())
            if gains[best] < 1:
                return
            group, index = which[best]
            charge = group.charge(index)
            if bool((charge > self.slack).any()):
                gains[best] = 0.0
                clears[best] = 0.0
                continue
            self.slack = self.slack - charge
            cleared = self.open & (clears[best] > 0)
            self.patches.append(self._patch(group, index, cleared))
            self.open = self.open & ~cleared
            gains = gains - clears[:, cleared].sum(dim=1)

    def _patch(self, group: Candidates, index: int, cleared: Tensor) -> Patch:
        mended = cleared.nonzero()[:, 0].tolist()
        space: Space = group.neighbours.space
        return Patch(
            effect="suppress",
            space=space,
            expert=group.neighbours.expert,
            centre=tuple(group.centres[index].tolist()),
            width=float(group.widths[index]),
            strength=float(group.strengths[index]),
            findings=tuple(self.flaws.findings[i] for i in mended),
            norms=tuple(sorted({self.flaws.norms[i] for i in mended})),
            round=self.round,
        )
