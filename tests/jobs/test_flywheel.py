from __future__ import annotations

from dataclasses import replace

from iirl_core.audit import FamilyResult
from iirl_core.patch import BudgetReport
from iirl_core.repair import Plan
from jobs.flywheel import COLUMNS, Turn, round_table
from jobs.patch import Repair
from tests.iirl_core.audit.test_audit import AUDIT


def test_the_round_table_tells_what_was_found_from_what_was_verified_and_how_held_out_families_fare() -> None:
    held = replace(AUDIT, families=(*AUDIT.families, FamilyResult("flattery", "n", 40, 40, 10)), held_out=("flattery",))
    rows = round_table([Turn(AUDIT, flaws=9, unsure=2, repair=None), Turn(held, 9, 2, None)])
    first, second = (dict(zip(COLUMNS, row, strict=True)) for row in rows)
    told = {name: first[name] for name in ("round", "probes", "found", "verified", "flaws", "unsure", "verdict")}
    assert told == {
        **{"round": "2", "probes": "30", "found": "12", "verified": "11", "flaws": "9", "unsure": "2"},
        "verdict": "not passed",
    }
    assert (first["held out"], second["held out"]) == ("", "25.00%")


def test_a_round_waits_for_a_person_where_a_repair_does_or_where_nobody_knows_what_is_a_flaw() -> None:
    nothing = Repair(None, Plan((), (), ()), BudgetReport(0.05, 1, 0, 0, 1.0, 1.0, 1.0))
    kept = replace(nothing, suggestions=("r-1",))
    waits = [
        Turn(AUDIT, 9, 2, kept),
        Turn(AUDIT, 0, 2, nothing),
        Turn(AUDIT, 9, 2, nothing),
        Turn(AUDIT, 0, 0, nothing),
    ]
    assert [turn.round.waits for turn in waits] == [True, True, False, False]
    assert not Turn(AUDIT, 0, 2, None).round.waits, "after the last audit nothing was tried"
