"""Standing: where a round of repair has got to, and what trying more of it would come to."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property

from iirl_core.config.governance import PatchSection
from iirl_core.patch.known_good import KnownGood
from iirl_core.patch.repairs import Repairs
from iirl_core.repair.ground import Ground
from iirl_core.repair.trying import Tried, try_repair
from iirl_core.reward_model import RewardModel

NONE = Repairs()


@dataclass(frozen=True, eq=False)
class Standing:
    """``done`` are the new repairs that were chosen so far, on top of those of the ground's parent; ``mended`` the
    findings that they claim.
    """

    ground: Ground
    guard: KnownGood
    section: PatchSection
    round: int
    done: Repairs = NONE
    mended: frozenset[str] = frozenset()

    @cached_property
    def model(self) -> RewardModel:
        """With what is done."""
        return self.with_more(NONE)

    @property
    def left(self) -> tuple[str, ...]:
        """Findings that nothing claims yet."""
        return tuple(name for name in self.ground.flaws if name not in self.mended)

    def with_more(self, more: Repairs) -> RewardModel:
        """The model with what is done and ``more``."""
        parent = self.ground.parent
        return parent.with_repairs(parent.repairs.joined(self.done).joined(more))

    def tried(self, more: Repairs, claimed: AbstractSet[str]) -> Tried:
        """A trial of all that is done and ``more``, which says that it mends ``claimed``, too."""
        repaired = self.with_more(more)
        told = try_repair(repaired, self.ground, self.mended | claimed, self.guard, self.section)
        if more.everywhere or not self.done.everywhere:
            return told
        return told.beside(try_repair(repaired, self._here, claimed, self.guard, self.section), self.section)

    @cached_property
    def _here(self) -> Ground:
        """The ground as what is done has left it."""
        ground, model = self.ground, self.model
        asked = (ground.around, ground.fresh, ground.held_out)
        flawed, faulty, doubtful = (each.broken(model, ground.norms) for each in asked)
        return replace(ground, parent=model, flawed=flawed, faulty=faulty, doubtful=doubtful)

    def after(self, more: Repairs, claimed: AbstractSet[str]) -> Standing:
        """Where it stands when ``more`` is chosen."""
        return replace(self, done=self.done.joined(more), mended=self.mended | claimed)
