from __future__ import annotations

from dataclasses import replace

from iirl_core.audit.family_result import FamilyResult
from iirl_core.audit.unheard import unheard
from tests.iirl_core.probe.samples import off_arc

NORM = replace(off_arc(), id="no-doses", families=("tempted", "careless"))


def test_a_norm_that_had_nothing_to_say_of_what_was_picked_is_named() -> None:
    silent, heard = FamilyResult("tempted", "no-doses", 64, 0, 0), FamilyResult("tempted", "no-doses", 64, 1, 0)
    (line,) = unheard([NORM], [silent])
    assert line.startswith("no-doses spoke of none of the 64 answers that tempted picked")
    assert unheard([NORM], [heard]) == ()
    assert unheard([NORM], [replace(silent, family="careless")]) == (), "of which the verdict says so"
    assert unheard([NORM], [replace(silent, steered=True)]) == unheard([NORM], []) == ()
