"""What ``iirl ingest`` says of a corpus."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from iirl_core.config.corpora import CorpusSection, SplitSection
from iirl_core.corpus import Admission, admit, write_corpus
from iirl_core.corpus.tables import Kind
from iirl_core.records.raw import RawRecord
from iirl_core.store import DirectoryStore
from jobs.console import Progress
from jobs.ingest import say_corpus

WALK = {"observations": np.arange(8).reshape(4, 2)}
BY_STEPS, BY_RECORD = SplitSection(by="steps"), SplitSection()
CUT = SplitSection(train=1, guard=0, unseen=0)


def said(folder: Path, kind: Kind, split: SplitSection, records: Sequence[dict[str, object]]) -> str:
    store, rules = DirectoryStore(folder), Admission(kind, split=split)
    rows = [one for line, record in enumerate(records) for one in admit(RawRecord("f", line, record), "f", rules)]
    config = CorpusSection(name="corpus", split=split).model_dump(mode="json")
    told = io.StringIO()
    say_corpus(store, write_corpus(store, "corpus", rows, config=config), Progress(Console(file=told, width=200)))
    return told.getvalue()


@pytest.mark.parametrize(
    ("kind", "split", "records", "hint"),
    [
        ("trajectory", BY_STEPS, [WALK], "nothing fell into guard: longer trajectories, or a larger share, would fill"),
        ("trajectory", BY_RECORD, [WALK], "more rows, or segment, would fill it"),
        ("conversation", BY_RECORD, [{"prompt": "a", "response": "b"}], "more rows would fill it"),
    ],
)
def test_an_empty_split_comes_with_what_would_fill_it(
    kind: Kind, split: SplitSection, records: list[dict[str, object]], hint: str, tmp_path: Path
) -> None:
    assert hint in said(tmp_path, kind, split, records)


def test_a_split_that_was_asked_to_be_empty_needs_nothing(tmp_path: Path) -> None:
    assert "nothing fell" not in said(tmp_path, "trajectory", CUT, [WALK])
