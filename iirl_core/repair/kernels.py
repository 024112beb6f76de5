"""Kernels on trial: propose, try, leave out what does not hold, and offer what lost its kernel the next space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iirl_core.config.governance import PatchSection
from iirl_core.patch.known_good import KnownGood
from iirl_core.patch.propose import Flaws, Proposal, Refusal, propose
from iirl_core.repair.ground import Ground
from iirl_core.repair.trial import Trial
from iirl_core.repair.trimming import Trimmed, trim


@dataclass(frozen=True)
class Mended:
    """A ``proposal`` of kernels, all of which passed ``trial`` together; without patches it is the one that failed, or
    None where nothing could be proposed.
    """

    proposal: Proposal
    trial: Trial | None


def mend(flaws: Flaws, ground: Ground, guard: KnownGood, section: PatchSection, round_: int) -> Mended:
    """Kernels for ``flaws`` on top of the patches of the ground's parent. Pure, as ``propose`` is."""
    model = ground.parent
    first = propose(model, flaws, guard, section, round_)
    if not first.patches:
        return Mended(first, None)
    refused = {one.finding: one.reason for one in first.refused}
    done = trim(first.patches, ground, guard, section)
    for start in range(1, len(section.spaces)):
        room = section.max_patches - len(done.patches)
        if not done.refused or room < 1:
            break
        narrower = section.model_copy(update={"spaces": section.spaces[start:], "max_patches": room})
        now = model.with_patches((*model.patches, *done.patches))
        more = propose(now, flaws.only(done.refused), guard, narrower, round_)
        if more.patches:
            done = _both(done, trim((*done.patches, *more.patches), ground, guard, section))
    refused |= done.refused
    proposal = Proposal(done.patches, tuple(Refusal(*pair) for pair in refused.items()), first.postponed)
    return Mended(proposal, done.trial)


def _both(before: Trimmed, after: Trimmed) -> Trimmed:
    """``after`` tried everything that ``before`` has and more; where it came to nothing, ``before`` stands."""
    if not after.patches:
        return before
    mended = {name for patch in after.patches for name in patch.findings}
    return Trimmed(after.patches, after.trial, _without({**before.refused, **after.refused}, mended))


def _without(refused: Mapping[str, str], mended: set[str]) -> dict[str, str]:
    return {name: reason for name, reason in refused.items() if name not in mended}
