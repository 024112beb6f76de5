from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from iirl_core.log import entries
from iirl_core.store import DirectoryStore
from serving.event import record_serving
from tests.serving.scores import SERVED


def test_a_store_that_may_not_be_written_is_one_line_and_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = DirectoryStore(tmp_path)
    record_serving(store, SERVED)
    assert capsys.readouterr().err == ""
    shutil.rmtree(store.root / "staging")
    (store.root / "staging").touch()  # every write passes there; a mode would not stop root
    record_serving(store, SERVED)
    error = capsys.readouterr().err
    assert error.startswith("iirl: that portal@production is served could not be logged: ")
    assert error.count("\n") == 1
    assert len(list(entries(store))) == 1
