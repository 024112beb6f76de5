from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from iirl_core.canonical import digest_json
from iirl_core.corpus import Admission, Corpus, admit, find_dropped, forgot, read_corpus, renamed, without, write_corpus
from iirl_core.demonstration import Demonstration
from iirl_core.errors import ConfigError, Tampered
from iirl_core.records import Quarantined, RawRecord
from iirl_core.store import DirectoryStore

TAKEN = Admission("conversation")


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


def rows(documents: Sequence[object], rules: Admission = TAKEN) -> Iterator[Demonstration | Quarantined]:
    for line, document in enumerate(documents, start=1):
        yield from admit(RawRecord("f.jsonl", line, document), "f", rules)


def texts(count: int, source: str) -> list[object]:
    return [{"prompt": f"p{index}", "response": f"{source}{index}", "source": source} for index in range(count)]


def comparisons(count: int) -> list[object]:
    return [{"prompt": f"p{index}", "chosen": f"good{index}", "rejected": f"bad{index}"} for index in range(count)]


def corpus(store: DirectoryStore, documents: Sequence[object], name: str = "small", **how: object) -> Corpus:
    rules = Admission("conversation", **how)  # type: ignore[arg-type]
    write_corpus(store, name, rows(documents, rules), rows_per_shard=20, config={"split": {"train": 0.8}})
    return read_corpus(store, name)


def test_what_is_left_is_what_a_corpus_without_them_would_have_been(store: DirectoryStore, tmp_path: Path) -> None:
    ours, theirs = texts(50, "ours"), texts(50, "theirs")
    mixed = [one for pair in zip(ours, theirs, strict=True) for one in pair]
    whole = corpus(store, [*mixed, {"bad": 1}])
    (dropped,) = find_dropped([whole], sources=["theirs"])
    left = without(whole, dropped)
    assert read_corpus(store, "small").manifest == whole.manifest, "until it is renamed"
    assert renamed(whole, left)
    assert renamed(whole, left), "again, after a kill"
    never = corpus(DirectoryStore(tmp_path / "other"), ours)
    assert (left.rows, left.splits, left.content) == (50, never.manifest.splits, never.manifest.content)
    assert list(read_corpus(store, "small").demonstrations()) == list(never.demonstrations())
    assert (left.quarantined, left.reasons) == (1, whole.manifest.reasons)
    assert len(list(read_corpus(store, "small").quarantined())) == 1
    assert sum(dropped.splits.values()) == len(dropped) == 50


def test_its_manifest_binds_what_went_without_telling_it(store: DirectoryStore) -> None:
    whole = corpus(store, texts(30, "ours"))
    gone = sorted(one.id for one in whole.demonstrations())[:3]
    (dropped,) = find_dropped([whole], ids=gone)
    left = without(whole, dropped)
    assert forgot(left) == (whole.manifest.digest, 3)
    assert forgot(whole.manifest) is None
    assert isinstance(left.config, dict)
    assert left.config["split"] == {"train": 0.8}
    assert left.config["forgot"] == {"from": whole.manifest.digest, "records": 3, "ids": digest_json(gone)}
    assert not any(name.encode() in left.to_bytes() for name in gone)
    assert without(whole, dropped) == left


def test_the_name_means_what_is_left_unless_something_newer_has_it(store: DirectoryStore) -> None:
    old = corpus(store, texts(30, "ours"))
    new = corpus(store, texts(40, "ours"))
    (dropped,) = find_dropped([old], ids=[next(old.demonstrations()).id])
    left = without(old, dropped)
    assert not renamed(old, left)
    assert read_corpus(store, "small").manifest == new.manifest
    assert read_corpus(store, "small", left.digest).manifest == left


def test_both_sides_of_a_comparison_go(store: DirectoryStore) -> None:
    chosen = corpus(store, comparisons(20), "chosen", take="chosen", paired=True)
    rejected = corpus(store, comparisons(20), "rejected", take="rejected", paired=True)
    one, two, *_ = chosen.demonstrations()
    three = list(rejected.demonstrations())[2]
    found = find_dropped([chosen, rejected], ids=[one.id, two.id, three.id])
    assert [len(each) for each in found] == [3, 3]
    left = [
        read_corpus(store, each.manifest.name, without(each, gone).digest)
        for each, gone in zip((chosen, rejected), found, strict=True)
    ]
    sides = [{each.comparison for each in side.demonstrations()} for side in left]
    assert sides[0] == sides[1]
    assert len(sides[0]) == 17


@pytest.mark.parametrize(
    ("ids", "sources", "reason"),
    [
        (["sha256:1", "sha256:2"], [], "--id sha256:1 and 1 more names no record; expected an id in small"),
        ([], ["strangers"], "--source strangers names no record; expected a source in small"),
    ],
)
def test_a_name_that_means_nothing_is_refused(
    store: DirectoryStore, ids: list[str], sources: list[str], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        find_dropped([corpus(store, texts(5, "ours"))], ids, sources)


def test_forgetting_everything_is_refused(store: DirectoryStore) -> None:
    whole = corpus(store, texts(5, "ours"))
    with pytest.raises(ConfigError, match="all 5 records of corpus small would be forgotten"):
        find_dropped([whole], sources=["ours"])


def test_a_corpus_that_was_changed_is_not_forgotten_from(store: DirectoryStore) -> None:
    whole = corpus(store, texts(5, "ours"))
    shard = f"{whole.manifest.folder}/{whole.manifest.shards[0].file}"
    store.put(shard, store.get(shard)[:-1])
    with pytest.raises(Tampered, match="was changed"):
        find_dropped([whole], sources=["ours"])
