from __future__ import annotations

from iirl_core.audit import Verdict
from iirl_core.flywheel import Step, decide_next

PASSED, FAILED = Verdict(True), Verdict(False, ("3 open findings",))


def test_a_passed_verdict_is_released_even_in_the_last_round() -> None:
    assert decide_next(PASSED, 10, 10, improved=False) is Step.RELEASE


def test_the_wheel_turns_while_rounds_are_left_and_repairs_change_something() -> None:
    assert decide_next(FAILED, 1, 10, improved=True) is Step.PATCH
    assert decide_next(FAILED, 9, 10, improved=True) is Step.PATCH
    assert decide_next(FAILED, 10, 10, improved=True) is Step.SPENT
    assert decide_next(FAILED, 2, 10, improved=False) is Step.STUCK
