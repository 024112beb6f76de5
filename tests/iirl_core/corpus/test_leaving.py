from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from iirl_core.canonical import digest_json
from iirl_core.corpus import Corpus, check_left, find_dropped, read_corpus, renamed, without, write_corpus
from iirl_core.demonstration import Demonstration
from iirl_core.errors import Tampered
from iirl_core.store import DirectoryStore
from tests.iirl_core.corpus.test_forgetting import corpus, rows, texts

ROWS = [one for pair in zip(texts(50, "ours"), texts(50, "theirs"), strict=True) for one in pair]


@pytest.fixture
def whole(tmp_path: Path) -> Corpus:
    return corpus(DirectoryStore(tmp_path / "store"), ROWS)


def left_of(whole: Corpus) -> Corpus:
    (dropped,) = find_dropped([whole], sources=["theirs"])
    renamed(whole, without(whole, dropped))
    return read_corpus(whole.store, "small")


def said_to_be_left(whole: Corpus, documents: list[Any], **changes: Any) -> Corpus:
    """What somebody says was left, under a manifest of the same words."""
    true = left_of(whole).manifest.config
    assert isinstance(true, dict)
    assert isinstance(true["forgot"], dict)
    config = {**true, "forgot": {**true["forgot"], **changes}}
    shown = [one for one in rows(documents) if isinstance(one, Demonstration)]
    write_corpus(whole.store, "small", shown, rows_per_shard=20, config=config)
    return read_corpus(whole.store, "small")


def test_what_was_left_is_what_it_says_however_its_rows_are_cut(whole: Corpus) -> None:
    check_left(left_of(whole), whole)
    check_left(said_to_be_left(whole, texts(50, "ours")), whole)


@pytest.mark.parametrize(
    ("documents", "changes", "why"),
    [
        ([*texts(49, "ours"), texts(50, "theirs")[7]], {}, "holds other rows"),
        ([*texts(49, "ours"), texts(60, "ours")[55]], {}, "holds other rows"),
        ([*texts(50, "ours")[::-1]], {}, "holds other rows"),
        (texts(49, "ours"), {}, "51 records went"),
        (texts(50, "ours"), {"records": 49}, "50 records went; expected 49"),
        (texts(50, "ours"), {"ids": digest_json([])}, "other records went than its manifest binds"),
    ],
)
def test_another_row_another_order_and_other_records_that_went_are_found(
    whole: Corpus, documents: list[Any], changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(Tampered, match=why):
        check_left(said_to_be_left(whole, documents, **changes), whole)


def test_what_was_never_left_of_anything_is_refused(whole: Corpus) -> None:
    with pytest.raises(Tampered, match="50 records went; expected 0"):
        check_left(corpus(whole.store, texts(50, "ours")), whole)
