"""What a round of repair says of itself."""

from __future__ import annotations

import dataclasses

from iirl_core.config.governance import PatchSection
from iirl_core.patch import Projection, Repairs
from iirl_core.patch.propose import Refusal
from iirl_core.repair import CHOSEN, Offer, Plan
from jobs.patch.telling import REASONS, lines_of
from tests.iirl_core.repair.test_trial import GOOD

REMOVED = Repairs(projections=(Projection(((1.0, 0.0),), (0.0, 0.0), ("f-1",), ("n",), 1),))


def plan(*reasons: str, postponed: int = 0) -> Plan:
    return Plan((), (), tuple(Refusal(f"f-{place}", reason) for place, reason in enumerate(reasons)), postponed)


def test_each_reason_for_a_refusal_is_told_once_with_its_count_the_commonest_first() -> None:
    told = list(lines_of(plan("no room", "too near", "too near"), PatchSection()))
    assert told == ["  2 flaws refused: too near", "  1 flaw refused: no room"]


def test_reasons_beyond_the_first_few_are_counted() -> None:
    reasons = [f"reason {place}" for place in range(REASONS + 2)]
    told = list(lines_of(plan(*reasons), PatchSection()))
    assert len(told) == REASONS + 1
    assert told[-1] == "  2 flaws refused for other reasons: see repair.json of the round"


def test_flaws_that_a_round_has_no_room_for_are_told_with_what_it_is_full_of() -> None:
    assert list(lines_of(plan(postponed=3), PatchSection(max_patches=7))) == [
        "  3 flaws left for the next round: patch.max_patches is 7"
    ]
    full = Plan((Offer("projection", REMOVED, frozenset({"f-1"}), GOOD),) * CHOSEN, (), (), 1)
    assert list(lines_of(full, PatchSection())) == [
        f"  1 flaw left for the next round: {CHOSEN} candidates were chosen"
    ]


def test_of_each_candidate_it_is_told_how_its_trial_went_and_what_speaks_against_it() -> None:
    good, dear = (
        Offer("projection", REMOVED, frozenset({"f-1"}), trial)
        for trial in (GOOD, dataclasses.replace(GOOD, cost=0.01))
    )
    bad = dataclasses.replace(good, trial=dataclasses.replace(GOOD, mended=1, reasons=("it mends 1 of 4",)))
    told = list(lines_of(Plan((good,), (dear, bad, good), ()), PatchSection()))
    assert [line.partition(": trial ")[2].partition(":")[0] for line in told] == ["passed", "not passed", "", "chosen"]
    assert told[2] == "    it mends 1 of 4"
    assert told[3].startswith("  projection, 1 projection: trial chosen: 4 of 4 findings mended")
