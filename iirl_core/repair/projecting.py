"""Projections on trial: for every norm about pairs, the directions in which its edits move what the head sees."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from iirl_core.audit.finding import Finding
from iirl_core.norm.norm import Norm
from iirl_core.patch.projection import Projection
from iirl_core.patch.repairs import Repairs
from iirl_core.repair.directions import differences, leading
from iirl_core.repair.offer import LEAST, Offer
from iirl_core.repair.standing import Standing

COUNTS = (1, 2, 4, 8)
"""Directions tried at a time."""
MOST = 4096
"""Pairs that directions are estimated from."""


def projections(findings: Sequence[Finding], standing: Standing) -> Iterator[Offer]:
    """For each norm that compares two inputs, a few directions of its ``findings``, more, and more again: those that
    mend enough, or what mends most. Pure.
    """
    left = set(standing.left)
    open_ = [one for one in findings if one.id in left and not any(math.isnan(reward) for reward in one.rewards)]
    for norm in standing.ground.norms:
        mine = [one for one in open_ if one.norm == norm.id and len(one.inputs) == 2]
        if norm.kind.pairs and mine:
            yield from _of_norm(norm, mine, standing)


def _of_norm(norm: Norm, findings: Sequence[Finding], standing: Standing) -> Iterator[Offer]:
    chosen = findings[:MOST]
    apart = differences(
        standing.model, [(one.inputs[0], one.inputs[1]) for one in chosen], [one.step for one in chosen]
    )
    found = leading(apart, max(COUNTS))
    guard = standing.guard
    centre = standing.model.seen(torch.cat([guard.z, guard.known_good])).mean(dim=0)
    tried = [
        _offer(found[:count], centre, norm, findings, standing)
        for count in COUNTS[: sum(count <= len(found) for count in COUNTS)]
    ]
    enough = [offer for offer in tried if len(offer.claimed) >= LEAST * len(findings)]
    best = sorted(tried, key=lambda offer: -len(offer.claimed))[:1]
    yield from enough or [offer.too_few(len(findings)) for offer in best]


def _offer(directions: Tensor, centre: Tensor, norm: Norm, findings: Sequence[Finding], standing: Standing) -> Offer:
    """With what it mends, tried."""
    made = Projection.of(directions, centre, tuple(one.id for one in findings), (norm.id,), standing.round)
    told = standing.tried(Repairs(projections=(made,)), frozenset())
    still = {name for name, held in zip(standing.ground.flaws, told.held.tolist(), strict=True) if held}
    claimed = tuple(one.id for one in findings if one.id not in still)
    repairs = Repairs(projections=(Projection.of(directions, centre, claimed, (norm.id,), standing.round),))
    return Offer("projection", repairs, frozenset(claimed), standing.tried(repairs, set(claimed)).trial)
