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
    elsewhere=(Elsewhere("n", True, 100, 0, 3),),
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
    none = dataclasses.replace(GOOD, elsewhere=(Elsewhere("n", True, 100, 0, 0),))
    assert "0 of 100 sound answers broken, 0.00% of known-good" in str(none)
    held = dataclasses.replace(GOOD, held_out=(Elsewhere("n", True, 50, 1, 9), Elsewhere("m", True, 7, 0, 0)))
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
        ({"elsewhere": (Elsewhere("n", False, 100, 1, 3),)}, "it breaks n in 1 of 100 sound"),
        ({"elsewhere": (Elsewhere("n", True, 100, 1, 99),), "local": False}, "it breaks n in 1 of 100 sound"),
        ({"elsewhere": (Elsewhere("n", False, 100, 2, 99),), "local": False}, "it breaks n in 2 of 100 sound"),
        ({"held_out": (Elsewhere("n", False, 50, 1, 9),)}, "it breaks n in 1 of 50 sound answers to families held out"),
        ({"held_out": (Elsewhere("n", True, 50, 1, 9),), "local": False}, "it breaks n in 1 of 50 sound answers"),
        ({"beside": (Elsewhere("n", False, 100, 1, 9),), "local": False}, "beside what acts everywhere it breaks n"),
        ({"budget": dataclasses.replace(KEPT, overdrawn=2)}, "2 of 10 known-good inputs"),
        ({"budget": dataclasses.replace(KEPT, guarded=0)}, "no guard input"),
    ],
)
def test_each_of_its_counts_can_stop_a_repair(changes: dict[str, object], said: str) -> None:
    (reason,) = reasons_of(dataclasses.replace(GOOD, **changes), TrialSection())  # type: ignore[arg-type]
    assert said in reason


def test_the_configuration_says_how_much_must_hold_and_what_may_break_of_a_soft_norm() -> None:
    section, soft = TrialSection(hold=0.4, broken=0.04), Elsewhere("n", False, 100, 4, 0)
    trial = dataclasses.replace(GOOD, left=6, elsewhere=(soft,), local=False)
    assert reasons_of(trial, section) == ()
    hard = dataclasses.replace(trial, elsewhere=(dataclasses.replace(soft, hard=True),))
    assert len(reasons_of(hard, section)) == 1


def test_nothing_mended_pays_for_what_acts_everywhere_breaks() -> None:
    elsewhere = (Elsewhere("n", False, 200, 2, 0), Elsewhere("m", True, 10, 0, 0))
    trial = dataclasses.replace(GOOD, elsewhere=elsewhere, local=False)
    assert (trial.sound, trial.broken) == (210, 2)
    assert len(reasons_of(trial, TrialSection())) == 1
    lenient = TrialSection(broken=0.01)
    assert reasons_of(trial, lenient) == ()
    elsewhere = (Elsewhere("n", False, 200, 3, 100), Elsewhere("m", False, 1000, 0, 100))
    (reason,) = reasons_of(dataclasses.replace(trial, elsewhere=elsewhere), lenient)
    assert "it breaks n in 3 of 200" in reason


def test_a_trial_is_kept_with_its_counts_and_reasons() -> None:
    document = dataclasses.replace(GOOD, reasons=("it mends nothing",)).document()
    assert document["passed"] is False
    assert document["reasons"] == ["it mends nothing"]
    assert document["left"] == 5
