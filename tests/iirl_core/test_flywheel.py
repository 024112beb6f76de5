from __future__ import annotations

import pytest

from iirl_core.config.governance import FlywheelSection
from iirl_core.flywheel import Round, Step, decide_next


def turned(*found: int) -> list[Round]:
    """Rounds of 100 probes with so many open findings."""
    return [Round(100, passed=False, open=count) for count in found]


def test_a_passed_verdict_is_released_even_in_the_last_round() -> None:
    assert decide_next([*turned(5), Round(100, passed=True, open=0)], FlywheelSection(rounds=2)) is Step.RELEASE


def test_the_wheel_turns_while_rounds_are_left() -> None:
    assert decide_next(turned(9), FlywheelSection(rounds=3)) is Step.PATCH
    assert decide_next(turned(9, 5), FlywheelSection(rounds=3)) is Step.PATCH
    assert decide_next(turned(9, 5, 1), FlywheelSection(rounds=3)) is Step.SPENT


def test_a_repair_that_changed_nothing_ends_it() -> None:
    assert decide_next([Round(100, passed=False, open=9, repaired=False)], FlywheelSection()) is Step.STUCK


def test_a_repair_that_waits_for_a_person_ends_it_and_changed_nothing_yet() -> None:
    waiting = Round(100, passed=False, open=9, repaired=False, waits=True)
    assert decide_next([waiting], FlywheelSection()) is Step.WAITS
    assert decide_next([waiting], FlywheelSection(rounds=1)) is Step.SPENT


@pytest.mark.parametrize(("probes", "step"), [(201, Step.PATCH), (200, Step.ASKED), (None, Step.PATCH)])
def test_a_budget_of_probes_ends_it_when_it_is_spent(probes: int | None, step: Step) -> None:
    assert decide_next(turned(9, 5), FlywheelSection(probes=probes)) is step


def test_rounds_without_fewer_findings_are_borne_with_patience() -> None:
    section = FlywheelSection(patience=2)
    assert decide_next(turned(9, 9), section) is Step.PATCH
    assert decide_next(turned(9, 9, 10), section) is Step.IDLE
    assert decide_next(turned(9, 12, 8), section) is Step.PATCH
    assert decide_next(turned(9, 12, 8, 8), section) is Step.PATCH
    assert decide_next(turned(9, 12, 8, 8, 8), section) is Step.IDLE
    assert decide_next(turned(9, 9, 10, 9, 9), FlywheelSection()) is Step.PATCH
