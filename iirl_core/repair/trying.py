"""Trying a repair: the repaired model answers what the ground asks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from iirl_core.config.governance import PatchSection
from iirl_core.norm.norm import Norm
from iirl_core.patch.budget import KNOWN_GOOD, check_budget
from iirl_core.patch.known_good import KnownGood
from iirl_core.repair.ground import Ground
from iirl_core.repair.trial import Elsewhere, Trial, reasons_of
from iirl_core.reward_model import RewardModel


@dataclass(frozen=True, eq=False)
class Tried:
    """A trial, and of which questions of its ground the repaired model breaks the norm: ``held`` of all findings,
    ``left`` of the flawed neighbours of those that are claimed, ``near``, ``fresh`` and ``held_out`` of what was sound
    before.
    """

    trial: Trial
    held: NDArray[np.bool_]
    left: NDArray[np.bool_]
    near: NDArray[np.bool_]
    fresh: NDArray[np.bool_]
    held_out: NDArray[np.bool_]

    def beside(self, others: Tried, section: PatchSection) -> Tried:
        """This trial, where what was tried last is local and what was chosen before it is not: ``others`` tried it
        against what those had made of the answers, and it may break none that was sound then.
        """
        counted = (*others.trial.elsewhere, *others.trial.held_out)
        trial = replace(self.trial, beside=counted, reasons=())
        trial = replace(trial, reasons=reasons_of(trial, section.trial))
        return replace(self, trial=trial, near=others.near, fresh=others.fresh, held_out=others.held_out)


def try_repair(
    repaired: RewardModel, ground: Ground, claimed: Collection[str], guard: KnownGood, section: PatchSection
) -> Tried:
    """Try a repair that says it mends the findings with the ids ``claimed``.

    Pure. Raises ConfigError where a norm cannot be asked.
    """
    mine = np.array([name in claimed for name in ground.flaws], dtype=np.bool_)
    beside = np.array([name in claimed for name in ground.owners], dtype=np.bool_)
    held = ground.findings.broken(repaired, ground.norms)
    around, fresh = ground.around.broken(repaired, ground.norms), ground.fresh.broken(repaired, ground.norms)
    left = around & ground.flawed & beside
    others = ground.held_out.broken(repaired, ground.norms)
    now = _rewards(repaired, guard)
    trial = Trial(
        claimed=int(mine.sum()),
        mended=int((mine & ~held).sum()),
        near=int(beside.sum()),
        flawed=int((ground.flawed & beside).sum()),
        left=int(left.sum()),
        elsewhere=_elsewhere(
            ground.norms,
            (*ground.around.questions, *ground.fresh.questions),
            np.concatenate([ground.flawed, ground.faulty]),
            np.concatenate([around, fresh]),
        ),
        held_out=_elsewhere(ground.norms, ground.held_out.questions, ground.doubtful, others),
        budget=check_budget(guard.root_rewards, now, section.budget),
        cost=_cost(guard.root_rewards, _rewards(ground.parent, guard), now),
        local=repaired.repairs.everywhere == ground.parent.repairs.everywhere,
    )
    told = replace(trial, reasons=reasons_of(trial, section.trial))
    return Tried(told, held, left, around & ~ground.flawed, fresh & ~ground.faulty, others & ~ground.doubtful)


def _elsewhere(
    norms: Sequence[Norm], questions: Sequence[tuple[int, int]], before: NDArray[np.bool_], now: NDArray[np.bool_]
) -> tuple[Elsewhere, ...]:
    """By norm; ``before`` and ``now`` say which of the ``questions`` break it. Norms that nothing asked about are left
    out.
    """
    asked = np.array([number for _, number in questions], dtype=np.int64)
    found = []
    for number, norm in enumerate(norms):
        mine = asked == number
        counts = [int((mine & some).sum()) for some in (~before, ~before & now, before & ~now)]
        if mine.any():
            found.append(Elsewhere(norm.id, norm.hard, *counts))
    return tuple(found)


@torch.no_grad()
def _rewards(model: RewardModel, guard: KnownGood) -> torch.Tensor:
    return model.rewards(guard.z)


def _cost(root: torch.Tensor, before: torch.Tensor, now: torch.Tensor) -> float:
    """The mean share of its root reward that a known-good row loses to this repair, in [0, 1]."""
    good = root >= KNOWN_GOOD
    lost = (before - now)[good].double() / root[good].double()
    return float(lost.clamp(min=0).nan_to_num(nan=1.0).mean()) if bool(good.any()) else 0.0
