from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from iirl_core.canonical import digest_bytes
from iirl_core.errors import Tampered
from iirl_core.log import Event, append, append_once, entries, entries_backwards, head, verify_chain
from iirl_core.log.chain import HEAD
from iirl_core.store import DirectoryStore, Store

SUBJECT = digest_bytes(b"artifact")


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path)


def event(name: str) -> Event:
    return Event("audit", SUBJECT, name, "key", (("round", "1"), ("findings", "12")))


def key(sequence: int) -> str:
    return f"log/{sequence:012d}.json"


def edit(store: Store, sequence: int, **changes: object) -> None:
    document = {**json.loads(store.get(key(sequence))), **changes}
    store.put(key(sequence), json.dumps(document, sort_keys=True, separators=(",", ":")).encode())


def _append_many(store: Store, name: str, times: int) -> None:
    for number in range(times):
        append(store, event(f"{name}-{number}"))


def test_what_is_appended_is_what_is_read_in_order(store: DirectoryStore) -> None:
    appended = [append(store, event(str(number))) for number in range(5)]
    assert list(entries(store)) == appended
    assert list(entries_backwards(store)) == appended[::-1]
    assert [entry.sequence for entry in appended] == [0, 1, 2, 3, 4]
    assert verify_chain(store) == 5


def test_who_comes_again_after_a_kill_adds_nothing_twice(store: DirectoryStore) -> None:
    other = Event("audit", digest_bytes(b"another"), "polite")
    for one in (event("polite"), event("polite"), event("rude"), event("polite"), other, event("polite")):
        append_once(store, one)
    assert [entry.event for entry in entries(store)] == [event("polite"), event("rude"), other, event("polite")]


def test_an_empty_log_is_whole(store: DirectoryStore) -> None:
    assert head(store) == -1
    assert list(entries(store)) == list(entries_backwards(store)) == []
    assert verify_chain(store) == 0


def test_two_writers_never_lose_an_entry(store: DirectoryStore) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_append_many, args=(store, f"w{number}", 25)) for number in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    names = [entry.event.name for entry in entries(store)]
    assert sorted(names) == sorted(f"w{writer}-{number}" for writer in range(3) for number in range(25))
    for writer in range(3):
        own = [name for name in names if name.startswith(f"w{writer}")]
        assert own == [f"w{writer}-{number}" for number in range(25)]
    assert verify_chain(store) == 75


@pytest.mark.parametrize(
    "change",
    [{"name": "other"}, {"subject": digest_bytes(b"x")}, {"details": {}}, {"time": "2020-01-01T00:00:00+00:00"}],
)
def test_an_edited_entry_breaks_the_chain_at_the_next(store: DirectoryStore, change: dict[str, object]) -> None:
    _append_many(store, "a", 5)
    edit(store, 2, **change)
    with pytest.raises(Tampered, match="breaks at entry 3"):
        verify_chain(store)


def test_an_entry_that_is_written_otherwise_is_an_edit(store: DirectoryStore) -> None:
    _append_many(store, "a", 3)
    store.put(key(2), store.get(key(2)).replace(b":", b": ", 1))
    with pytest.raises(Tampered, match="entry 2 is not canonical"):
        verify_chain(store)


def test_a_removed_entry_is_noticed(store: DirectoryStore) -> None:
    _append_many(store, "a", 5)
    (store.root / key(2)).unlink()
    with pytest.raises(Tampered, match="breaks at entry 2"):
        verify_chain(store)


def test_a_cut_off_end_is_noticed_and_not_written_over(store: DirectoryStore) -> None:
    _append_many(store, "a", 5)
    (store.root / key(4)).unlink()
    with pytest.raises(Tampered, match="breaks at entry 4"):
        verify_chain(store)
    with pytest.raises(Tampered, match="entry 4 is gone"):
        append(store, event("b"))


def test_entries_in_the_wrong_places_are_noticed(store: DirectoryStore) -> None:
    _append_many(store, "a", 3)
    first, second = store.get(key(1)), store.get(key(2))
    store.put(key(1), second)
    store.put(key(2), first)
    with pytest.raises(Tampered, match="entry 1 says that it is entry 2"):
        verify_chain(store)


def test_a_lost_hint_is_found_again_and_a_late_one_is_caught_up(store: DirectoryStore) -> None:
    _append_many(store, "a", 5)
    (store.root / HEAD).unlink()
    assert append(store, event("b")).sequence == 5
    store.put(HEAD, b"2\n")
    assert append(store, event("c")).sequence == 6
    assert store.get(HEAD) == b"6\n"
    assert verify_chain(store) == 7


def test_appending_does_not_list_the_log(store: DirectoryStore) -> None:
    class CountingStore(DirectoryStore):
        asked = 0

        def get(self, key: str) -> bytes:
            CountingStore.asked += 1
            return super().get(key)

        def exists(self, key: str) -> bool:
            CountingStore.asked += 1
            return super().exists(key)

        def list(self, prefix: str) -> Iterator[str]:
            raise AssertionError("the log was listed")

    _append_many(store, "a", 60)
    append(CountingStore(store.root), event("b"))
    assert CountingStore.asked <= 6


def test_a_hint_that_is_no_number_is_named(store: DirectoryStore) -> None:
    store.put(HEAD, b"-1")
    with pytest.raises(Tampered, match=HEAD):
        append(store, event("a"))
