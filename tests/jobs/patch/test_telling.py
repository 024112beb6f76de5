"""What a round of repair says of itself."""

from __future__ import annotations

from iirl_core.config.governance import PatchSection
from iirl_core.patch.propose import Refusal
from iirl_core.repair import Plan
from jobs.patch.telling import REASONS, lines_of, untried


def plan(*reasons: str, postponed: int = 0) -> Plan:
    return Plan((), (), tuple(Refusal(f"f-{place}", reason) for place, reason in enumerate(reasons)), postponed)


def test_each_reason_for_a_refusal_is_told_once_with_its_count_the_commonest_first() -> None:
    told = list(lines_of(plan("no room", "too near", "too near"), PatchSection()))
    assert told == ["  refused 2: too near", "  refused 1: no room"]


def test_reasons_beyond_the_first_few_are_counted() -> None:
    reasons = [f"reason {place}" for place in range(REASONS + 2)]
    told = list(lines_of(plan(*reasons), PatchSection()))
    assert len(told) == REASONS + 1
    assert told[-1] == "  refused 2 for other reasons: see repair.json of the round"


def test_flaws_that_a_round_has_no_room_for_are_told_with_the_key_that_makes_room() -> None:
    assert list(lines_of(plan(postponed=3), PatchSection(max_patches=7))) == [
        "  left for the next round 3: patch.max_patches is 7"
    ]


def test_kinds_of_repair_that_are_not_allowed_are_named() -> None:
    assert untried(PatchSection(kinds=["projection", "sculpting"])) == ("name kernels, editing in patch.kinds",)
    assert untried(PatchSection(kinds=["kernels", "projection", "sculpting", "editing"])) == ()
