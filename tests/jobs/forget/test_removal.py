"""What docs/forgetting.md says may be deleted of a parent: all that was made of records, and its descendants go on."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from iirl_core.artifact import load_from
from iirl_core.canonical import folder_of
from iirl_core.errors import NotFound
from iirl_core.signing import Trust
from jobs import show
from jobs.history import history_of
from jobs.proof import prove
from tests.jobs.wheel import Wheel


def remove(wheel: Wheel, *, wholly: bool) -> None:
    store, folder = Path(wheel.config.store), folder_of(wheel.root)
    kept = (store / "artifacts" / folder / "manifest.json").read_bytes()
    shutil.rmtree(store / "artifacts" / folder)
    shutil.rmtree(store / "audits" / folder)
    for statement in (store / "statements" / folder).iterdir():
        if not statement.name.startswith("seal-"):
            statement.unlink()
    if not wholly:
        (store / "artifacts" / folder).mkdir()
        (store / "artifacts" / folder / "manifest.json").write_bytes(kept)


def shown(wheel: Wheel) -> str:
    printed = io.StringIO()
    show.run(wheel.store, wheel.child, wheel.keys, console=Console(file=printed, soft_wrap=True))
    return printed.getvalue()


def test_a_parent_of_which_only_the_manifest_is_left_keeps_the_lineage_whole(wheel: Wheel) -> None:
    remove(wheel, wholly=False)
    assert load_from(wheel.store, wheel.child).manifest.parent == wheel.root
    assert f"0.1.0  {wheel.root[:19]}" in shown(wheel)
    trust = Trust.from_folder(wheel.keys)
    assert [past.digest for past in history_of(wheel.store, wheel.child, trust)] == [wheel.child]
    assert not [check for check in prove(wheel.store, wheel.child, None, trust) if check.problem]


def test_without_that_it_still_scores_and_its_chain_is_cut(wheel: Wheel) -> None:
    remove(wheel, wholly=True)
    assert load_from(wheel.store, wheel.child).guard is not None
    checks = prove(wheel.store, wheel.child, None, Trust.from_folder(wheel.keys))
    assert [check.name for check in checks if check.problem] == ["parent chain"]
    with pytest.raises(NotFound):
        shown(wheel)
