"""Trimming: of many kernels, those that the trial has nothing against.

A round's kernels lie apart from each other, so one that breaks something elsewhere, or that mends a point and nothing
around it, need not take the others with it: it is left out, what it alone would have mended is refused, and the rest
is tried again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from iirl_core.config.governance import PatchSection
from iirl_core.patch.bank import PatchBank
from iirl_core.patch.known_good import KnownGood
from iirl_core.patch.patch import Patch
from iirl_core.repair.ground import Ground
from iirl_core.repair.trial import Trial
from iirl_core.repair.trying import Told, try_repair
from iirl_core.reward_model import RewardModel

TRIES = 5
"""Kernels left out may have hidden what others do; but not for ever."""


@dataclass(frozen=True)
class Trimmed:
    """``patches`` are left, ``trial`` is what came of trying them last; ``refused`` says by finding why its kernel was
    left out.
    """

    patches: tuple[Patch, ...]
    trial: Trial
    refused: Mapping[str, str]


def trim(patches: Sequence[Patch], ground: Ground, guard: KnownGood, section: PatchSection) -> Trimmed:
    """Try ``patches`` on top of those of the ground's parent; leave out what speaks against them, and try again."""
    kept, refused = tuple(patches), dict[str, str]()
    for _ in range(TRIES):
        claimed = {name for patch in kept for name in patch.findings}
        repaired = ground.parent.with_patches((*ground.parent.patches, *kept))
        told = try_repair(repaired, ground, claimed, guard, section)
        if told.trial.passed or not kept:
            break
        better, why = _without_culprits(kept, repaired, ground, told, section)
        if better == kept:
            break
        kept, refused = better, refused | why
    if told.trial.passed:
        return Trimmed(kept, told.trial, refused)
    rest = dict.fromkeys(claimed, f"its kernels do not pass: {'; '.join(told.trial.reasons)}")
    return Trimmed((), told.trial, rest | refused)


def _without_culprits(
    kept: tuple[Patch, ...], repaired: RewardModel, ground: Ground, told: Told, section: PatchSection
) -> tuple[tuple[Patch, ...], dict[str, str]]:
    """The patches that nothing speaks against, citing only what they mend, and why findings lost theirs."""
    still = {name for name, held in zip(ground.flaws, told.held.tolist(), strict=True) if held}
    blamed = {patch.id: "its kernel breaks a norm elsewhere" for patch in _breaking(kept, repaired, ground, told)}
    if told.trial.holds < section.trial.hold:
        blamed |= {patch.id: "its kernel does not hold around it" for patch in _fragile(kept, ground, told, section)}
    better: list[Patch] = []
    why: dict[str, str] = {}
    for patch in kept:
        left = tuple(name for name in patch.findings if name not in still)
        dropped = blamed.get(patch.id)
        if dropped is None and left:
            better.append(patch if left == patch.findings else replace(patch, findings=left))
        lost = patch.findings if dropped else tuple(still.intersection(patch.findings))
        why |= dict.fromkeys(lost, f"{dropped or 'its kernel leaves it as it is'}: train again")
    return tuple(better), why


def _breaking(kept: Sequence[Patch], repaired: RewardModel, ground: Ground, told: Told) -> list[Patch]:
    """Of every question that was sound before: the one that moves an input of it most."""
    questions = [
        asked.rows(question)
        for asked, broken in ((ground.around, told.near), (ground.fresh, told.fresh))
        for question in broken.nonzero()[0].tolist()
    ]
    if not questions:
        return []
    bank, z = PatchBank(kept), torch.cat(questions)
    moved = bank.contributions({space: repaired.space(z, space) for space in bank.spaces}, len(z))
    most = [part.max(dim=0).values.max(dim=0) for part in torch.split(moved, [len(rows) for rows in questions])]
    return [kept[int(each.indices)] for each in most if each.values > 0]


def _fragile(kept: Sequence[Patch], ground: Ground, told: Told, section: PatchSection) -> list[Patch]:
    """Those around whose findings too many flaws are left."""
    fragile = []
    for patch in kept:
        mine = [place for place, owner in enumerate(ground.owners) if owner in patch.findings and ground.flawed[place]]
        if mine and 1 - told.left[mine].mean() < section.trial.hold:
            fragile.append(patch)
    return fragile
