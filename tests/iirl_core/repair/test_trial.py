from __future__ import annotations

import dataclasses

import pytest

from iirl_core.config.governance import TrialSection
from iirl_core.patch import BudgetReport
from iirl_core.repair.trial import Elsewhere, Trial, reasons_of

KEPT = BudgetReport(0.05, 10, 0, 0, 1.0, 1.0, 1.0)
GOOD = Trial(
    claimed=4,
    mended=4,
    near=20,
    flawed=10,
    left=5,
    elsewhere=(Elsewhere("n", 100, 0, 3),),
    budget=KEPT,
    cost=0.0,
    local=True,
)


def test_a_good_trial_has_no_reasons_against_it() -> None:
    assert reasons_of(GOOD, TrialSection()) == ()
    assert GOOD.passed
    assert GOOD.holds == 0.5


def test_it_says_its_counts_and_those_of_held_out_families_where_there_are_any() -> None:
    assert "0 of 100 sound answers broken and 3 others mended, 0.00% of known-good" in str(GOOD)
    none = dataclasses.replace(GOOD, elsewhere=(Elsewhere("n", 100, 0, 0),))
    assert "0 of 100 sound answers broken, 0.00% of known-good" in str(none)
    held = dataclasses.replace(GOOD, held_out=(Elsewhere("n", 50, 1, 9), Elsewhere("m", 7, 0, 0)))
    assert (
        "0 of 100 sound answers broken (1 of 57 of held-out families) and 3 others mended, 0.00% of known-good"
        in str(held)
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"claimed": 0, "mended": 0}, "mends nothing"),
        ({"mended": 3}, "1 of the 4 findings"),
        ({"left": 6}, "around them 6 of 10"),
        ({"elsewhere": (Elsewhere("n", 100, 1, 3),)}, "it breaks n in 1 of 100 sound"),
        ({"elsewhere": (Elsewhere("n", 100, 5, 3),), "local": False}, "it breaks n in 5 of 100 sound"),
        ({"held_out": (Elsewhere("n", 50, 1, 9),)}, "it breaks n in 1 of 50 sound answers to families held out"),
        ({"held_out": (Elsewhere("n", 50, 2, 1),), "local": False}, "it breaks n in 2 of 50 sound answers to families"),
        ({"budget": dataclasses.replace(KEPT, overdrawn=2)}, "2 of 10 known-good inputs"),
        ({"budget": dataclasses.replace(KEPT, guarded=0)}, "no guard input"),
    ],
)
def test_each_of_its_counts_can_stop_a_repair(changes: dict[str, object], said: str) -> None:
    (reason,) = reasons_of(dataclasses.replace(GOOD, **changes), TrialSection())  # type: ignore[arg-type]
    assert said in reason


def test_the_configuration_says_how_much_must_hold_and_what_may_break() -> None:
    trial = dataclasses.replace(GOOD, left=6, elsewhere=(Elsewhere("n", 100, 7, 3),), local=False)
    assert reasons_of(trial, TrialSection(hold=0.4, broken=0.04)) == ()


def test_what_acts_everywhere_may_break_no_more_of_a_norm_than_it_mends() -> None:
    trial = dataclasses.replace(GOOD, elsewhere=(Elsewhere("n", 100, 4, 3), Elsewhere("m", 10, 0, 0)), local=False)
    assert reasons_of(trial, TrialSection()) == ()
    assert (trial.sound, trial.broken) == (110, 4)
    elsewhere = (Elsewhere("n", 100, 0, 9), Elsewhere("m", 10, 2, 1))
    (reason,) = reasons_of(dataclasses.replace(trial, elsewhere=elsewhere), TrialSection())
    assert "it breaks m in 2 of 10" in reason


def test_a_trial_is_kept_with_its_counts_and_reasons() -> None:
    document = dataclasses.replace(GOOD, reasons=("it mends nothing",)).document()
    assert document["passed"] is False
    assert document["reasons"] == ["it mends nothing"]
    assert document["left"] == 5
