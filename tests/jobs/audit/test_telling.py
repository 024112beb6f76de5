from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from jobs.audit.job import say_unshown
from jobs.console import Progress
from tests.iirl_core.audit.test_audit import AUDIT


def test_an_audit_ends_with_the_kinds_of_situation_that_no_demonstration_shows() -> None:
    said = io.StringIO()
    progress = Progress(Console(file=said, width=200))
    say_unshown(AUDIT, progress)
    first, second = said.getvalue().splitlines()
    assert "no demonstration shows" in first
    assert second.strip() == "state (9.00) (about 12 questions of far, uniform)"
    say_unshown(replace(AUDIT, unshown=()), progress)
    assert said.getvalue().count("\n") == 2, "nothing to say is not said"
