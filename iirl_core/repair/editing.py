"""Weight edits on trial: the head re-fitted on what a round found wrong, by changes of its weights of as low a rank as
will do.

One edit is for the findings of all norms that bound or compare rewards; of each norm it has to mend enough to claim
any. It learns from findings (those that are mended already have to stay so), from questions that were drawn to teach,
around findings and elsewhere, and from known-good rows; it is tried by other neighbours and other fresh probes.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from iirl_core.audit.finding import Finding
from iirl_core.norm.norm import Norm, NormKind
from iirl_core.patch.edit import WeightEdit
from iirl_core.patch.repairs import Repairs
from iirl_core.repair.kept import kept_of
from iirl_core.repair.lessons import lessons_of
from iirl_core.repair.offer import LEAST, Offer
from iirl_core.repair.refitting import refit
from iirl_core.repair.standing import Standing

RANKS = (1, 2, 4, 8)
"""Tried in turn, until one passes."""
MOST = 256
"""Findings that are learnt from, evenly over their order, the worst first."""


def edits(findings: Sequence[Finding], standing: Standing, rejected: Collection[str] = ()) -> Iterator[Offer]:
    """Weight edits for all of ``findings`` that are left, of rising rank, up to the first that passes its trial and is
    none of those ``rejected``. Pure. None for a head without weights of its own, or one that scores whole episodes.
    """
    head, left = standing.model.head, set(standing.left)
    norms = {norm.id: norm for norm in standing.ground.norms if norm.kind is not NormKind.PREDICATE}
    teaching = [one for one in findings if one.norm in norms and _teaches(one, norms[one.norm])]
    open_ = [one for one in teaching if one.id in left]
    widest = max((min(parameter.shape[-2:]) for parameter in head.parameters()), default=0)
    if not open_ or not widest or head.whole_episodes:
        return
    places = np.linspace(0, len(teaching) - 1, min(len(teaching), MOST)).astype(int).tolist()
    chosen = [teaching[place] for place in places]
    known = {"", *(one.id for one in teaching)}
    drawn = [one for one in standing.ground.drawn if one.norm in norms and one.owner in known]
    cited = dict.fromkeys([*(one.id for one in chosen), *(one.owner for one in drawn if one.owner)])
    spoke = sorted({one.norm for one in (*chosen, *drawn)})
    lessons = lessons_of(standing.model, [*chosen, *drawn], standing.ground.norms)
    kept = kept_of(standing.model, standing.guard, standing.section.budget)
    for rank in [rank for rank in RANKS if rank < 2 * widest]:  # beyond, nothing is left to add
        changes = refit(head, standing.model.shaped, lessons, kept, rank=rank, seed=standing.round)
        edit = WeightEdit(changes, tuple(cited), tuple(spoke), standing.round)
        offer = _offer(edit, open_, standing)
        yield offer
        if offer.trial.passed and not offer.among(rejected):
            return


def _teaches(finding: Finding, norm: Norm) -> bool:
    """Whether it says which reward, or which of two, is wrong."""
    return not any(math.isnan(reward) for reward in finding.rewards) and len(finding.inputs) >= 1 + norm.kind.pairs


def _offer(edit: WeightEdit, findings: Sequence[Finding], standing: Standing) -> Offer:
    """With the findings that ``edit`` may claim; it cites those that taught it, too."""
    told = standing.tried(Repairs(edits=(edit,)), frozenset())
    still = {name for name, held in zip(standing.ground.flaws, told.held.tolist(), strict=True) if held}
    mended, claimed = list[Finding](), list[Finding]()
    for norm in standing.ground.norms:
        mine = [one for one in findings if one.norm == norm.id]
        mended += (right := [one for one in mine if one.id not in still])
        claimed += right if len(right) >= LEAST * len(mine) else []
    names = tuple(one.id for one in claimed or mended)
    norms = tuple(sorted({*edit.norms, *(one.norm for one in claimed or mended)}))
    cited = replace(edit, findings=tuple(dict.fromkeys((*names, *edit.findings))), norms=norms)
    repairs = Repairs(edits=(cited,))
    offer = Offer("editing", repairs, frozenset(names), standing.tried(repairs, set(names)).trial)
    return offer if claimed else offer.too_few(len(findings))
