"""Trimming: of many kernels, those that the trial has nothing against.

A round's kernels lie apart from each other, so one that breaks something elsewhere, or that mends a point and nothing
around it, need not take the others with it: it is left out, what it alone would have mended is refused, and the rest
is tried again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from iirl_core.patch.bank import PatchBank
from iirl_core.patch.patch import Patch
from iirl_core.patch.repairs import Repairs
from iirl_core.repair.standing import Standing
from iirl_core.repair.trial import Trial, breaches
from iirl_core.repair.trying import Tried

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


def trim(patches: Sequence[Patch], standing: Standing) -> Trimmed:
    """Try ``patches`` on top of what is done; leave out what speaks against them, and try again."""
    kept, refused = tuple(patches), dict[str, str]()
    for _ in range(TRIES):
        claimed = {name for patch in kept for name in patch.findings}
        told = standing.tried(Repairs(kept), claimed)
        if told.trial.passed or not kept:
            break
        better, why = _without_culprits(kept, standing, told)
        if better == kept:
            break
        kept, refused = better, refused | why
    if told.trial.passed and kept:
        return Trimmed(kept, told.trial, refused)
    rest = dict.fromkeys(claimed, f"its kernels do not pass: {'; '.join(told.trial.reasons)}")
    return Trimmed((), told.trial, rest | refused)


def _without_culprits(
    kept: tuple[Patch, ...], standing: Standing, told: Tried
) -> tuple[tuple[Patch, ...], dict[str, str]]:
    """The patches that nothing speaks against, citing only what they mend, and why findings lost theirs."""
    still = {name for name, held in zip(standing.ground.flaws, told.held.tolist(), strict=True) if held}
    counted = (*told.trial.elsewhere, *told.trial.held_out)
    suffering = {one.norm for one in counted if breaches(one, told.trial.local, standing.section.trial)}
    suffering |= {one.norm for one in told.trial.beside if breaches(one, True, standing.section.trial)}
    blamed = {patch.id: "its kernel breaks a norm elsewhere" for patch in _breaking(kept, suffering, standing, told)}
    if told.trial.holds < standing.section.trial.hold:
        blamed |= {patch.id: "its kernel does not hold around it" for patch in _fragile(kept, standing, told)}
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


def _breaking(kept: Sequence[Patch], norms: Collection[str], standing: Standing, told: Tried) -> list[Patch]:
    """Of every question about one of the ``norms`` that was sound before: the one that moves an input of it most."""
    ground, model = standing.ground, standing.model
    questions = [
        asked.rows(question)
        for asked, broken in ((ground.around, told.near), (ground.fresh, told.fresh), (ground.held_out, told.held_out))
        for question in broken.nonzero()[0].tolist()
        if ground.norms[asked.questions[question][1]].id in norms
    ]
    if not questions:
        return []
    bank, z = PatchBank(kept), torch.cat(questions)
    moved = bank.contributions({space: model.space(z, space) for space in bank.spaces}, len(z))
    most = [part.max(dim=0).values.max(dim=0) for part in torch.split(moved, [len(rows) for rows in questions])]
    return [kept[int(each.indices)] for each in most if each.values > 0]


def _fragile(kept: Sequence[Patch], standing: Standing, told: Tried) -> list[Patch]:
    """Those around whose findings too many flaws are left."""
    ground, fragile = standing.ground, []
    for patch in kept:
        mine = [place for place, owner in enumerate(ground.owners) if owner in patch.findings and ground.flawed[place]]
        if mine and 1 - told.left[mine].mean() < standing.section.trial.hold:
            fragile.append(patch)
    return fragile
