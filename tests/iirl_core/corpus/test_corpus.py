import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iirl_core.corpus import Admission, admit, read_corpus, write_corpus
from iirl_core.corpus.manifest import manifest_from
from iirl_core.corpus.seen import SeenIds
from iirl_core.corpus.shard import regroup
from iirl_core.demonstration import SPLITS
from iirl_core.errors import CorpusEmpty, NotFound, Tampered
from iirl_core.records import Quarantined, RawRecord
from iirl_core.store import DirectoryStore


@pytest.fixture
def store(tmp_path):
    return DirectoryStore(tmp_path / "store")


def rows(documents, rules=None):
    for line, document in enumerate(documents, start=1):
        yield from admit(RawRecord("f.jsonl", line, document), "f", rules or Admission("conversation"))


def texts(count, start=0):
    return [{"prompt": f"p{index}", "response": f"r{index}"} for index in range(start, start + count)]


def test_what_was_written_is_read_back_in_order_and_by_split(store):
    written = list(rows(texts(100)))
    manifest = write_corpus(store, "small", written, rows_per_shard=30)
    corpus = read_corpus(store, "small")
    assert list(corpus.demonstrations()) == written
    assert [shard.rows for shard in manifest.shards] == [30, 30, 30, 10]
    assert corpus.manifest == manifest
    for split in SPLITS:
        found = list(corpus.demonstrations(split))
        assert found == [each for each in written if each.split == split]
        assert len(found) == manifest.splits[split]
    assert sum(manifest.splits.values()) == manifest.rows == 100


def test_trajectories_are_read_back_with_their_widths(store):
    documents = [{"observations": np.full((3, 2), i), "actions": np.full((3, 1), i)} for i in range(5)]
    manifest = write_corpus(store, "walks", rows(documents, Admission("trajectory")))
    assert (manifest.kind, manifest.observation_width, manifest.action_width) == ("trajectory", 2, 1)
    found = [each.input.observations[0, 0] for each in read_corpus(store, "walks").demonstrations()]
    assert found == [0, 1, 2, 3, 4]


def test_the_same_rows_have_the_same_digest_and_the_same_content_however_sharded(store, tmp_path):
    first = write_corpus(store, "a", rows(texts(50)), rows_per_shard=20)
    again = write_corpus(DirectoryStore(tmp_path / "other"), "a", rows(texts(50)), rows_per_shard=20)
    otherwise = write_corpus(store, "a", rows(texts(50)), rows_per_shard=50)
    changed = write_corpus(store, "a", rows([*texts(49), {"prompt": "p49", "response": "else"}]), rows_per_shard=20)
    assert first == again
    assert first.content == otherwise.content
    assert first.digest != otherwise.digest
    assert changed.content != first.content
    heavier = [*rows(texts(49)), *rows([{"prompt": "p49", "response": "r49", "weight": 2}])]
    assert write_corpus(store, "a", heavier).content != first.content


def test_an_equal_row_is_kept_once_and_counted(store):
    manifest = write_corpus(store, "twice", rows([*texts(10), *texts(5, start=3), *texts(2, start=10)]))
    assert (manifest.rows, manifest.duplicates) == (12, 5)
    found = [each.input.answer for each in read_corpus(store, "twice").demonstrations()]
    assert found == [f"r{index}" for index in range(12)]


def test_dimensions_other_than_the_first_good_rows_are_quarantined(store):
    shapes = [(0, 2, None), (3, 2, 1), (3, 3, 1), (3, 2, 1), (3, 2, None), (3, 2, 2)]
    draw = np.random.default_rng(0)
    documents = [
        {"observations": draw.normal(size=(t, o)), "actions": None if a is None else draw.normal(size=(t, a))}
        for t, o, a in shapes
    ]
    manifest = write_corpus(store, "mixed", rows(documents, Admission("trajectory")))
    assert (manifest.rows, manifest.quarantined) == (2, 4)
    reasons = [row.reason for row in read_corpus(store, "mixed").quarantined()]
    assert "[0, 2]" in reasons[0]
    assert reasons[1].startswith("observations of 3 numbers and actions of 1; the first good row has observations of 2")
    assert "no actions" in reasons[2]


def test_quarantined_rows_lie_beside_the_shards_and_are_counted_by_reason(store):
    bad = [Quarantined("f.jsonl", line, f"malformed JSON at column {line}") for line in range(20)]
    odd = Quarantined("g.jsonl", 1, "role '\udcff'")
    manifest = write_corpus(store, "bad", [*bad, odd, *rows(texts(3))])
    assert manifest.quarantined == 21
    assert manifest.reasons == (("malformed JSON at column …", 20), (r"role '\udcff'", 1))
    assert list(read_corpus(store, "bad").quarantined())[:20] == bad


def test_a_corpus_with_nothing_left_fails_with_the_first_reasons_and_leaves_nothing(store):
    with pytest.raises(CorpusEmpty, match=r"f.jsonl:1 a record of type int.*; f.jsonl:2 an empty record.*and 10 more"):
        write_corpus(store, "empty", rows([1, {}, *[[]] * 18]))
    with pytest.raises(CorpusEmpty, match="the files are empty"):
        write_corpus(store, "empty", [])
    assert list(store.list("corpora/")) == []
    assert not [path for path in (store.root / "staging").rglob("*") if path.name != "locks"]


def test_a_corpus_that_is_not_there_is_said_so(store):
    with pytest.raises(NotFound, match="no corpus nothing"):
        read_corpus(store, "nothing")


def test_the_name_points_to_the_newest_and_older_ones_stay(store):
    first = write_corpus(store, "a", rows(texts(3)))
    second = write_corpus(store, "a", rows(texts(4)))
    assert read_corpus(store, "a").manifest == second
    assert read_corpus(store, "a", first.digest).manifest == first


def test_one_kind_in_a_corpus(store):
    mixed = [*rows(texts(1)), *rows([{"observations": [[1.0]]}], Admission("trajectory"))]
    assert write_corpus(store, "a", mixed).rows == 1
    (row,) = read_corpus(store, "a").quarantined()
    assert row.reason == "observations of 1 numbers and no actions; the first good row has messages"


def test_a_changed_shard_is_noticed_before_its_first_row(store, tmp_path):
    manifest = write_corpus(store, "a", rows(texts(3)))
    path = tmp_path / "store" / manifest.folder / "shard-00000.parquet"
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)
    with pytest.raises(Tampered, match="was changed"):
        next(read_corpus(store, "a").demonstrations())
    path.unlink()
    with pytest.raises(Tampered, match="is gone"):
        next(read_corpus(store, "a").demonstrations())


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document | {"rows": 4},
        lambda document: document | {"splits": {"train": 99}},
        lambda document: document | {"note": "hello"},
        lambda document: {name: value for name, value in document.items() if name != "shards"},
        lambda document: document | {"shards": [{"file": "x"}]},
        lambda document: [],
    ],
)
def test_a_changed_manifest_is_noticed(store, change):
    manifest = write_corpus(store, "a", rows(texts(3)))
    changed = change(manifest.document())
    store.put(f"{manifest.folder}/manifest.json", json.dumps(changed).encode())
    with pytest.raises(Tampered):
        read_corpus(store, "a")
    with pytest.raises(Tampered):
        manifest_from(dict(changed))
    assert manifest_from(manifest.document()) == manifest


def test_a_manifest_of_another_corpus_is_noticed(store):
    first, second = write_corpus(store, "a", rows(texts(3))), write_corpus(store, "a", rows(texts(4)))
    store.put(f"{second.folder}/manifest.json", first.to_bytes())
    with pytest.raises(Tampered, match="not the one named"):
        read_corpus(store, "a")


@pytest.mark.parametrize("cuts", [[10], [3, 7], [1] * 10, [0, 4, 0, 6]])
def test_row_groups_do_not_depend_on_how_tables_were_cut(cuts):
    whole = pa.table({"a": list(range(10))})
    starts = [sum(cuts[:index]) for index in range(len(cuts))]
    tables = [whole.slice(start, size) for start, size in zip(starts, cuts, strict=True)]
    groups = list(regroup(tables, 4))
    assert [group.column("a").to_pylist() for group in groups] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert all(group.column("a").num_chunks == 1 for group in groups)


def test_ids_are_seen_once_also_when_they_outgrow_the_cache(monkeypatch):
    monkeypatch.setattr("iirl_core.corpus.seen.CACHE_KIB", 16)
    keys = [index.to_bytes(32, "big") for index in range(5000)]
    with SeenIds() as seen:
        assert all(seen.add(key) for key in keys)
        assert not any(seen.add(key) for key in keys)
