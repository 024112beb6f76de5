"""The rounds as the report tells them."""

from __future__ import annotations

from pathlib import Path

from iirl_core.artifact import load_from
from iirl_core.signing import Trust
from jobs.history import history_of
from jobs.report.chain import round_facts
from tests.jobs.triage.audited import ROUND, keep_audit, make_audited


def test_a_round_tells_of_the_families_that_it_held_out_itself(tmp_path: Path) -> None:
    audited = make_audited(tmp_path / "audited")
    store, root = audited.store, load_from(audited.store, audited.root)
    keep_audit(audited, audited.root, ROUND + 1, held_out=("far",))
    config = audited.config()
    today = config.model_copy(update={"audit": config.audit.model_copy(update={"held_out": ["far"]})})
    history = history_of(store, audited.root, Trust.from_folder(audited.folder / "keys"))
    before, then = round_facts(store, today, root, history, None)
    assert before.held_out_rate is None
    assert then.held_out_rate is not None
    assert then.held_out_rate > 0
