"""Kernels on trial: propose, try, leave out what does not hold, and offer what lost its kernel the next space."""

from __future__ import annotations

from dataclasses import dataclass, field

from iirl_core.patch.propose import Flaws, propose
from iirl_core.patch.repairs import Repairs
from iirl_core.repair.offer import Offer
from iirl_core.repair.standing import Standing
from iirl_core.repair.trimming import Trimmed, trim


@dataclass(frozen=True)
class Kernels:
    """``offer`` holds the kernels that passed their trial together, none of them where that failed; it is None where
    nothing could be proposed. ``refused`` says by finding why no kernel mends it; ``postponed`` are left for the next
    round.
    """

    offer: Offer | None = None
    refused: dict[str, str] = field(default_factory=dict)
    postponed: int = 0


def kernels(flaws: Flaws, standing: Standing) -> Kernels:
    """Kernels for ``flaws`` on top of what is done. Pure, as ``propose`` is."""
    section = standing.section
    first = propose(standing.model, flaws, standing.guard, section, standing.round)
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
        more = propose(now, flaws.only(done.refused), standing.guard, narrower, standing.round)
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
