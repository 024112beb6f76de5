"""Sculpting on trial: for every ceiling and floor, the map lowered or raised as far as known-good rewards allow.

A monotone map can mend a ceiling's finding where its signal lies below all signals that have to stay above the ceiling:
then m′ = min(m, line), the line level at the ceiling up to half way between the highest such finding and the edge of
the known-good rows, and rising to 1 at that edge: m is left alone wherever it need not change. The edge lies below the
lowest known-good row by as much as that lies below the first hundredth of them, because demonstrations that nobody has
seen reach farther than those that are known. A floor is the mirror image; there, what ceilings speak of must stay low.

Where that fails for the map as a whole, it is tried region by region: findings are covered by balls, and in each the
cut has to spare only what lies in it (``regions.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from iirl_core.audit.finding import Finding
from iirl_core.norm.norm import Norm, NormKind
from iirl_core.patch.ball import Ball
from iirl_core.patch.budget import KNOWN_GOOD
from iirl_core.patch.known_good import known_rows
from iirl_core.patch.propose import SPENT
from iirl_core.patch.repairs import Repairs
from iirl_core.patch.sculpt import Sculpt, Side
from iirl_core.repair.aiming import target_of
from iirl_core.repair.bounding import bounded_rows
from iirl_core.repair.offer import LEAST, Offer
from iirl_core.repair.regions import reached, regions
from iirl_core.repair.standing import NONE, Standing

TAIL = 0.01
"""The quantile of what is kept from which its lowest tells how far its tail reaches."""
APART = 1e-5
"""Signals nearer than this, relative above 1, are one."""


@dataclass(frozen=True)
class Cut:
    """Where a line begins and ends: level at ``target`` on the flaws' side of ``inner``, out of the way from ``outer``
    on. ``mended[F]`` says which flaws lie on the right side.
    """

    inner: float
    outer: float
    mended: tuple[bool, ...]


def cut(flaws: Tensor, kept: Tensor) -> Cut | None:
    """``flaws [F]`` are signals to be lowered, ``kept [K]`` those that have to stay: a cut below what is kept and its
    tail; None where no flaw lies below it. Negate both for a floor.
    """
    free = flaws.max() + (flaws.max() - flaws.min()).clamp(min=APART)
    outer = float(2 * kept.min() - kept.double().quantile(TAIL)) if len(kept) else float(free)
    below = flaws < outer
    if not bool(below.any()):
        return None
    inner = (float(flaws[below].max()) + outer) / 2
    return Cut(inner, outer, tuple(below.tolist())) if outer - inner > APART * max(1.0, abs(outer)) else None


def sculpts(findings: Sequence[Finding], standing: Standing) -> Iterator[Offer]:
    """For each norm that bounds rewards and has ``findings`` left: a sculpt of the whole map, and where none passes,
    sculpts in regions. Pure. None for a family of whole episodes, whose steps share one map of their mean.
    """
    if standing.model.expertness.whole_episodes:
        return
    left = set(standing.left)
    for norm in standing.ground.norms:
        mine = [one for one in findings if one.norm == norm.id and one.id in left]
        if norm.kind.bounds and mine:
            yield from _of_norm(norm, mine, standing)


@torch.no_grad()
def _of_norm(norm: Norm, findings: Sequence[Finding], standing: Standing) -> Iterator[Offer]:
    encoded = standing.model.encoder.encode([one.offender for one in findings])
    starts = torch.tensor([0, *encoded.lengths]).cumsum(0)[:-1]
    rows = encoded.z[starts + torch.tensor([one.step for one in findings])]
    signal = standing.model.rows(rows).signal
    finite = signal.isfinite()
    names = [one.id for one, good in zip(findings, finite.tolist(), strict=True) if good]
    flaws = Flawed(norm, tuple(names), rows[finite], signal[finite])
    if not names:
        return
    whole = _offer(sculpted(flaws, None, standing, least=LEAST * len(findings)), standing)
    if whole is not None:
        yield whole
    if whole is None or not whole.trial.passed:
        local = _regional(flaws, standing)
        if local is not None:
            yield local


@dataclass(frozen=True, eq=False)
class Flawed:
    """Findings of one norm, by their ids: the offending rows ``z [F, D]`` and their ``signal [F]``."""

    norm: Norm
    names: tuple[str, ...]
    z: Tensor
    signal: Tensor

    def only(self, which: Tensor) -> Flawed:
        """Some of them."""
        names = tuple(name for name, good in zip(self.names, which.tolist(), strict=True) if good)
        return Flawed(self.norm, names, self.z[which], self.signal[which])


def _offer(made: Sculpt | None, standing: Standing, before: Repairs = NONE) -> Offer | None:
    """``made`` on top of ``before``, tried."""
    if made is None:
        return None
    repairs = before.joined(Repairs(sculpts=(made,)))
    claimed = frozenset(name for one in repairs.sculpts for name in one.findings)
    return Offer("sculpting", repairs, claimed, standing.tried(repairs, claimed).trial)


def _regional(flaws: Flawed, standing: Standing) -> Offer | None:
    """Of all regions those in which a sculpt passes, on top of the others'; None where none does."""
    passed: Offer | None = None
    for inside, ball in regions(flaws.z, standing.model, standing.section):
        mended = frozenset() if passed is None else passed.claimed
        some = flaws.only(inside & torch.tensor([name not in mended for name in flaws.names]))
        if not some.names:
            continue
        made = sculpted(some, ball, standing, least=LEAST * len(some.names))
        offer = _offer(made, standing, NONE if passed is None else passed.repairs)
        if offer is not None and offer.trial.passed:
            passed = offer
    return passed


def sculpted(flaws: Flawed, ball: Ball | None, standing: Standing, *, least: float) -> Sculpt | None:
    """The sculpt that holds the norm within ``ball`` (None: everywhere) for at least so many of ``flaws``; None where
    signals do not tell enough of them from what has to stay.
    """
    lower = flaws.norm.kind is NormKind.CEILING
    made = (_lowered if lower else _raised)(flaws.norm, flaws.signal, standing, ball)
    if made is None or sum(made[1]) < least:
        return None
    knots, mended = made
    claimed = tuple(name for name, does in zip(flaws.names, mended, strict=True) if does)
    side: Side = "lower" if lower else "raise"
    return Sculpt(side, knots, claimed, (flaws.norm.id,), standing.round, ball=ball)


Line = tuple[tuple[tuple[float, float], ...], tuple[bool, ...]]
"""Knots, and which flaws they mend."""


def _lowered(norm: Norm, flaws: Tensor, standing: Standing, ball: Ball | None) -> Line | None:
    """To the ceiling, below everything that is known to be good."""
    target = target_of(norm)
    found = cut(flaws, _kept(standing, target, ball))
    return None if found is None else (((found.inner, target), (found.outer, 1.0)), found.mended)


def _raised(norm: Norm, flaws: Tensor, standing: Standing, ball: Ball | None) -> Line | None:
    """To the floor, above everything that a ceiling speaks of."""
    target = target_of(norm)
    found = cut(-flaws, -_bounded(standing, target, ball))
    return None if found is None else (((-found.outer, 0.0), (-found.inner, target)), found.mended)


def _kept(standing: Standing, target: float, ball: Ball | None) -> Tensor:
    """Signals of known-good rows in the ball whose reward has to stay above ``target``, with their earlier charges."""
    guard, model = standing.guard, standing.model
    z, rows, root = known_rows(model, guard)
    needed = (1 - SPENT * standing.section.budget) * root + rows.suppressed - rows.boosted
    return rows.signal[(root >= KNOWN_GOOD) & (needed > target) & reached(ball, model, z)]


def _bounded(standing: Standing, target: float, ball: Ball | None) -> Tensor:
    """Signals of what ceilings below ``target`` speak of in the ball, as far as the ground asks about it."""
    model = standing.model
    z = bounded_rows(standing.ground, target)
    return model.rows(z).signal[reached(ball, model, z)] if len(z) else torch.zeros(0)
