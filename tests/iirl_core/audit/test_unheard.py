from __future__ import annotations

from dataclasses import replace

from iirl_core.audit.family_result import FamilyResult
from iirl_core.audit.unheard import unheard, unjudged
from iirl_core.probe import Probe
from tests.iirl_core.probe.samples import off_arc, walk

NORM = replace(off_arc(), id="no-doses", families=("tempted", "careless"))


def test_a_norm_that_had_nothing_to_say_of_what_was_picked_is_named() -> None:
    silent, heard = FamilyResult("tempted", "no-doses", 64, 0, 0), FamilyResult("tempted", "no-doses", 64, 1, 0)
    (line,) = unheard([NORM], [silent])
    assert line.startswith("no-doses spoke of none of the 64 answers that tempted picked")
    assert unheard([NORM], [heard]) == ()
    assert unheard([NORM], [replace(silent, family="careless")]) == (), "of which the verdict says so"
    assert unheard([NORM], [replace(silent, steered=True)]) == unheard([NORM], []) == ()


def test_former_findings_whose_norm_is_gone_are_counted_by_it() -> None:
    former = [Probe((walk(3),), "former", f"far/1.0.{place}", "", norm) for place, norm in enumerate("aab")]
    (line,) = unjudged([replace(NORM, id="b")], former)
    assert line.startswith("a: 2 former findings are not judged")
    assert unjudged([replace(NORM, id="a"), replace(NORM, id="b")], former) == ()
