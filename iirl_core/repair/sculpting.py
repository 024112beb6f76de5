"""Sculpting on trial: for every ceiling and floor, the map lowered or raised as far as known-good rewards allow.

A monotone map can mend a ceiling's finding where its signal lies below all signals that have to stay above the ceiling:
then m′ = min(m, line), the line level at the ceiling up to half way between the highest such finding and the edge of
the known-good rows, and rising to 1 at that edge: m is left alone wherever it need not change. The edge lies below the
lowest known-good row by as much as that lies below the first hundredth of them, because demonstrations that nobody has
seen reach farther than those that are known. A floor is the mirror image; there, what ceilings speak of must stay low.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from iirl_core.audit.finding import Finding
from iirl_core.norm.norm import Norm, NormKind
from iirl_core.patch.budget import KNOWN_GOOD
from iirl_core.patch.propose import SPENT
from iirl_core.patch.repairs import Repairs
from iirl_core.patch.sculpt import Sculpt, Side
from iirl_core.repair.asked import Asked
from iirl_core.repair.offer import Offer
from iirl_core.repair.standing import Standing

INSIDE = 0.9
"""A ceiling is kept at this share of its threshold, a floor's gap to 1 likewise: neighbours come with their flaws."""
LEAST = 0.5
"""The share of its norm's findings that a sculpt must mend: it acts everywhere, so it has to be worth it."""


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
    """A sculpt for each norm that bounds rewards and has ``findings`` left. Pure. None for a family of whole episodes,
    whose steps share one map of their mean.
    """
    if standing.model.expertness.whole_episodes:
        return
    left = set(standing.left)
    for norm in standing.ground.norms:
        mine = [one for one in findings if one.norm == norm.id and one.id in left]
        if norm.kind in (NormKind.CEILING, NormKind.FLOOR) and mine:
            yield from _of_norm(norm, mine, standing)


@torch.no_grad()
def _of_norm(norm: Norm, findings: Sequence[Finding], standing: Standing) -> Iterator[Offer]:
    encoded = standing.model.encoder.encode([one.offender for one in findings])
    starts = torch.tensor([0, *encoded.lengths]).cumsum(0)[:-1]
    rows = encoded.z[starts + torch.tensor([one.step for one in findings])]
    signal = standing.model.rows(rows).signal
    finite = signal.isfinite()
    open_ = [one for one, good in zip(findings, finite.tolist(), strict=True) if good]
    if not open_:
        return
    lower = norm.kind is NormKind.CEILING
    made = (_lowered if lower else _raised)(norm, signal[finite], standing)
    if made is None or sum(made[1]) < LEAST * len(findings):
        return
    knots, mended = made
    claimed = tuple(one.id for one, does in zip(open_, mended, strict=True) if does)
    side: Side = "lower" if lower else "raise"
    repairs = Repairs(sculpts=(Sculpt(side, knots, claimed, (norm.id,), standing.round),))
    yield Offer("sculpting", repairs, frozenset(claimed), standing.tried(repairs, set(claimed)).trial)


Line = tuple[tuple[tuple[float, float], ...], tuple[bool, ...]]
"""Knots, and which flaws they mend."""


def _lowered(norm: Norm, flaws: Tensor, standing: Standing) -> Line | None:
    """To the ceiling, below everything that is known to be good."""
    target = INSIDE * norm.threshold
    found = cut(flaws, _kept(standing, target))
    return None if found is None else (((found.inner, target), (found.outer, 1.0)), found.mended)


def _raised(norm: Norm, flaws: Tensor, standing: Standing) -> Line | None:
    """To the floor, above everything that a ceiling speaks of."""
    target = 1 - INSIDE * (1 - norm.threshold)
    found = cut(-flaws, -_bounded(standing, target))
    return None if found is None else (((-found.outer, 0.0), (-found.inner, target)), found.mended)


def _kept(standing: Standing, target: float) -> Tensor:
    """Signals of known-good rows whose reward has to stay above ``target``, with their earlier charges."""
    guard, model = standing.guard, standing.model
    rows = model.rows(torch.cat([guard.z, guard.known_good]))
    root = torch.cat([guard.root_rewards, rows.unpatched[len(guard.z) :]])
    needed = (1 - SPENT * standing.section.budget) * root + rows.suppressed - rows.boosted
    return rows.signal[(root >= KNOWN_GOOD) & (needed > target)]


def _bounded(standing: Standing, target: float) -> Tensor:
    """Signals of what ceilings below ``target`` speak of, as far as the ground asks about it."""
    ground = standing.ground
    low = [
        number for number, norm in enumerate(ground.norms) if norm.kind is NormKind.CEILING and norm.threshold < target
    ]
    rows = [row for asked in (ground.findings, ground.around, ground.fresh) for row in _about(asked, low)]
    if not rows:
        return torch.zeros(0)
    return standing.model.rows(torch.cat(rows)).signal


def _about(asked: Asked, norms: Sequence[int]) -> list[Tensor]:
    return [asked.rows(place) for place, (_, number) in enumerate(asked.questions) if number in norms]
