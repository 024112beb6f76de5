"""What the last audit did not look at, as the report tells it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from iirl_core.audit import FamilyResult
from iirl_core.norm import NUMBER, norms_of
from jobs.report.coverage import gaps_of, judged_by
from tests.iirl_core.audit.test_audit import AUDIT
from tests.jobs.audit.turning import wheel_config


def test_kinds_of_situation_that_no_demonstration_shows_are_told_among_what_was_left_alone() -> None:
    told = gaps_of([], AUDIT)
    assert (
        "No demonstration shows what is right in situations like: state (9.00) (about 12 questions of far, uniform)."
        in told
    )


def test_a_norm_that_had_nothing_to_say_of_what_a_reward_picked_is_told_among_what_was_left_alone() -> None:
    norm = replace(norms_of(wheel_config(Path("x")))[0], families=("tempted",))
    audit = replace(AUDIT, families=(FamilyResult("tempted", norm.id, 64, 0, 0),))
    (line,) = [one for one in gaps_of([norm], audit) if norm.id in one]
    assert "spoke of none of the 64 answers that tempted picked" in line


def test_rewards_that_are_no_numbers_are_counted_beside_the_norms_and_what_they_do_not_cover_is_told() -> None:
    assert judged_by([], AUDIT) == ()
    lost = FamilyResult("far", NUMBER.id, 3, 3, 3)
    audit = replace(AUDIT, families=(*AUDIT.families, lost, replace(lost, family="uniform")), unplaced=1200)
    (norm,) = judged_by([], audit)
    assert (norm.id, norm.families) == (NUMBER.id, ("far", "uniform"))
    assert "1,200 rows of what was asked are not numbers: they have no place, and cover nothing." in gaps_of([], audit)
