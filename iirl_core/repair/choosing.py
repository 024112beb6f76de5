"""Choosing: of all candidates that pass their trial, the cheapest; then again, for what it leaves.

What is cheap takes little from known-good rewards (on average over the guard set), and is small for what it mends.
Where a person chooses, candidates are tried by themselves, and those that pass are laid out. Weights are edited only
where nothing else passes, whoever chooses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from iirl_core.audit.finding import Finding
from iirl_core.config.governance import PatchSection, RepairKind
from iirl_core.patch.known_good import KnownGood
from iirl_core.patch.propose import Refusal
from iirl_core.patch.repairs import Repairs
from iirl_core.repair.editing import edits
from iirl_core.repair.ground import Ground
from iirl_core.repair.kernels import Aims, Kernels, kernels
from iirl_core.repair.offer import Offer
from iirl_core.repair.projecting import projections
from iirl_core.repair.sculpting import sculpts
from iirl_core.repair.standing import Standing
from iirl_core.repair.trial import Trial

CHOSEN = 8
"""Candidates chosen in a round, at most."""


@dataclass(frozen=True)
class Plan:
    """``chosen`` are the candidates that make the repair, in order, and ``considered`` all that were tried; ``refused``
    are the findings that none of them mends, ``postponed`` how many wait for the next round, for want of room in this
    one. ``open`` are the candidates among which a person chooses, each a repair by itself, as they were tried; then
    none is chosen here.
    """

    chosen: tuple[Offer, ...]
    considered: tuple[Offer, ...]
    refused: tuple[Refusal, ...]
    postponed: int = 0
    open: tuple[Offer, ...] = ()

    @property
    def repairs(self) -> Repairs:
        """All that is new."""
        found = Repairs()
        for offer in self.chosen:
            found = found.joined(offer.repairs)
        return found

    @property
    def trial(self) -> Trial | None:
        """Of the repair as a whole; of a candidate that did not pass, where none did; None where there was none, or
        where a person chooses.
        """
        tried = self.chosen or self.considered
        return tried[-1].trial if tried and not self.open else None


def choose(
    findings: Sequence[Finding],
    ground: Ground,
    guard: KnownGood,
    section: PatchSection,
    round_: int,
    *,
    rejected: Collection[str] = (),
) -> Plan:
    """The repair of ``findings``, the flaws that the ground was made for; a candidate in which a repair with one of the
    ids ``rejected`` occurs is not chosen again. Pure: the same flaws, the same repair.

    Raises:
        ConfigError, InputError: a norm cannot be asked, or an input is not such as the model reads.
    """
    turn = _Turns(findings, Standing(ground, guard, section, round_), rejected)
    while turn.standing.left and len(turn.chosen) < CHOSEN and turn.chose():
        pass
    return turn.plan(turn.standing.left)


def lay_out(
    findings: Sequence[Finding],
    ground: Ground,
    guard: KnownGood,
    section: PatchSection,
    round_: int,
    *,
    rejected: Collection[str] = (),
) -> Plan:
    """What a person may choose of: every kind of repair, tried by itself, but for edits of weights, which are tried
    where nothing else passes. Otherwise as ``choose``.

    Raises:
        ConfigError, InputError: a norm cannot be asked, or an input is not such as the model reads.
    """
    turn = _Turns(findings, Standing(ground, guard, section, round_), rejected)
    passed = turn.passed()
    mended = {name for offer in passed for name in offer.claimed}
    return turn.plan([name for name in turn.standing.left if name not in mended], passed)


class _Turns:
    """One round of choosing: owns where it stands, and what was tried on the way there."""

    def __init__(self, findings: Sequence[Finding], standing: Standing, rejected: Collection[str]) -> None:
        self.findings, self.standing, self.rejected = findings, standing, frozenset(rejected)
        self.kinds: list[RepairKind] = list(standing.section.kinds)
        self.chosen: list[Offer] = []
        self.considered: list[Offer] = []
        self.aims, beyond = Aims.of(findings, standing)
        told = [one for one in beyond if "kernels" in self.kinds or one.final]
        self.reasons = {one.finding: one.reason for one in told}
        self.final = {one.finding for one in told if one.final}
        self.postponed = 0

    @property
    def otherwise(self) -> str:
        """Why a finding is refused of which no kernel says why."""
        no = any(offer.among(self.rejected) for offer in self.considered)
        return "what would mend it was rejected" if no else "nothing in patch.kinds mends it: train again"

    def plan(self, left: Sequence[str], passed: Sequence[Offer] = ()) -> Plan:
        """What was decided, where nothing chosen mends the findings ``left``, and a person chooses among ``passed``."""
        if len(self.chosen) == CHOSEN:  # what would mend the rest was not sought
            waiting = [name for name in left if name not in self.final]
        else:
            waiting = [name for name in left if self.postponed and name not in self.reasons]
        refused = tuple(Refusal(name, self.reasons.get(name, self.otherwise)) for name in left if name not in waiting)
        return Plan(tuple(self.chosen), tuple(self.considered), refused, len(waiting), tuple(passed))

    def chose(self) -> bool:
        """Choose the cheapest of what passes; whether there was one."""
        passed = self.passed()
        if not passed:
            return False
        best = min(passed, key=lambda offer: offer.price)
        self.chosen.append(best)
        self.standing = self.standing.after(best.repairs, best.claimed)
        if best.kind == "kernels":  # which were offered to all that is left, and refused the rest
            self.kinds.remove("kernels")
        return True

    def passed(self) -> list[Offer]:
        """Try every kind on what is left: what passes. Weights are edited where nothing else passes: an edit is dear to
        make, and hard to read.
        """
        passed = self._passed(self._offers())
        return passed or (
            self._passed(edits(self.findings, self.standing, self.rejected)) if "editing" in self.kinds else []
        )

    def _passed(self, offers: Iterator[Offer]) -> list[Offer]:
        """Of all that were tried, those that may be chosen."""
        tried = list(offers)
        self.considered += tried
        return [offer for offer in tried if offer.trial.passed and offer.claimed and not offer.among(self.rejected)]

    def _offers(self) -> Iterator[Offer]:
        if "kernels" in self.kinds:
            made: Kernels = kernels(self.aims.only(set(self.standing.left)), self.standing)
            self.reasons |= made.refused
            self.postponed = made.postponed
            if made.offer is not None:
                yield made.offer
        if "projection" in self.kinds:
            yield from projections(self.findings, self.standing)
        if "sculpting" in self.kinds:
            yield from sculpts(self.findings, self.standing)
