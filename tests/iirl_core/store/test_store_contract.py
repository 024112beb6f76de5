"""What every Store holds. ``StoreContract`` is inherited by the tests of each implementation."""

from __future__ import annotations

import multiprocessing
import pickle
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pyarrow.fs
import pytest

from iirl_core.errors import Conflict, InputError, NotFound
from iirl_core.store import DirectoryStore, Store, move_pointer, read_pointer


def _count_up(store: Store, key: str, times: int, together: Barrier) -> None:
    together.wait(60)
    for _ in range(times):
        while True:
            seen = store.get(key)
            try:
                store.swap(key, seen, str(int(seen) + 1).encode())
                break
            except Conflict:
                continue


def _claim(store: Store, key: str, name: str, won: multiprocessing.Queue[str], together: Barrier) -> None:
    together.wait(60)
    try:
        store.create(key, name.encode())
    except Conflict:
        return
    won.put(name)


class StoreContract:
    """Inherit and give a fixture ``store``: a new, empty store whose pickle opens the same one."""

    def test_get_gives_what_put_stored_and_put_replaces(self, store: Store) -> None:
        store.put("a/b/c.json", b"one")
        store.put("a/b/c.json", b"two")
        assert store.get("a/b/c.json") == b"two"

    def test_empty_bytes_are_bytes(self, store: Store) -> None:
        store.put("empty", b"")
        assert store.exists("empty")
        assert store.get("empty") == b""

    def test_what_was_never_stored_is_not_found(self, store: Store) -> None:
        store.put("a/b", b"1")
        assert not store.exists("a/c")
        assert not store.exists("a")
        for key in ("a/c", "a", "a/b/c"):
            with pytest.raises(NotFound, match=key):
                store.get(key)

    @pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/", "a\\b", "a\nb"])
    def test_a_key_that_leaves_the_store_is_refused(self, store: Store, key: str) -> None:
        with pytest.raises(InputError, match="store key"):
            store.put(key, b"1")
        with pytest.raises(InputError, match="store key"):
            store.get(key)

    def test_put_file_copies_the_bytes_of_that_moment(self, store: Store, tmp_path: Path) -> None:
        file = tmp_path / "source.bin"
        file.write_bytes(b"x" * 3_000_000)
        store.put_file("blobs/x", file)
        file.write_bytes(b"changed")
        assert store.get("blobs/x") == b"x" * 3_000_000

    def test_a_file_is_given_as_it_is_now(self, store: Store, tmp_path: Path) -> None:
        store.put("runs/x/weights", b"one")
        assert store.local_file("runs/x/weights", tmp_path).read_bytes() == b"one"
        store.put("runs/x/weights", b"other")
        assert store.local_file("runs/x/weights", tmp_path).read_bytes() == b"other"
        for key in ("runs/x/none", "runs/x"):
            with pytest.raises(NotFound, match=key):
                store.local_file(key, tmp_path)

    def test_a_copy_outlives_a_change_of_its_source(self, store: Store) -> None:
        store.put("blobs/x", b"one")
        store.copy("blobs/x", "artifacts/y/file")
        store.copy("blobs/x", "artifacts/y/file")
        store.put("blobs/x", b"two")
        assert store.get("artifacts/y/file") == b"one"

    def test_a_copy_of_nothing_is_not_found(self, store: Store) -> None:
        with pytest.raises(NotFound):
            store.copy("blobs/none", "artifacts/y")
        assert not store.exists("artifacts/y")

    def test_create_refuses_what_exists_and_leaves_it(self, store: Store) -> None:
        store.create("log/1", b"first")
        with pytest.raises(Conflict, match="log/1"):
            store.create("log/1", b"second")
        assert store.get("log/1") == b"first"

    def test_swap_replaces_only_what_was_seen(self, store: Store) -> None:
        store.swap("p", None, b"one")
        with pytest.raises(Conflict):
            store.swap("p", None, b"other")
        with pytest.raises(Conflict):
            store.swap("p", b"zero", b"other")
        store.swap("p", b"one", b"two")
        assert store.get("p") == b"two"

    def test_swap_of_what_is_gone_is_a_conflict(self, store: Store) -> None:
        with pytest.raises(Conflict):
            store.swap("p", b"one", b"two")
        assert not store.exists("p")

    def test_list_gives_keys_in_order_and_by_prefix(self, store: Store) -> None:
        keys = ["a", "b-c", "b/a", "b/c/d", "b/cc", "b0", "c/x"]
        for key in reversed(keys):
            store.put(key, b"1")
        assert list(store.list("")) == keys == sorted(keys)
        assert list(store.list("b")) == ["b-c", "b/a", "b/c/d", "b/cc", "b0"]
        assert list(store.list("b/")) == ["b/a", "b/c/d", "b/cc"]
        assert list(store.list("b/c")) == ["b/c/d", "b/cc"]
        assert list(store.list("none/")) == []

    def test_a_staged_tree_is_invisible_until_it_is_published_whole(self, store: Store) -> None:
        staged = store.stage()
        store.put(f"{staged}/manifest.json", b"m")
        store.put(f"{staged}/model/w.bin", b"w")
        assert list(store.list("")) == []
        store.publish(staged, "artifacts/x", last="manifest.json")
        assert list(store.list("")) == ["artifacts/x/manifest.json", "artifacts/x/model/w.bin"]
        assert store.get("artifacts/x/model/w.bin") == b"w"
        assert not store.exists(f"{staged}/manifest.json")

    def test_publishing_again_changes_nothing_and_removes_the_staged_copy(self, store: Store) -> None:
        for content in (b"first", b"second"):
            staged = store.stage()
            store.put(f"{staged}/manifest.json", content)
            store.publish(staged, "artifacts/x", last="manifest.json")
        assert store.get("artifacts/x/manifest.json") == b"first"
        assert not store.exists(f"{staged}/manifest.json")
        store.publish(staged, "artifacts/x", last="manifest.json")

    def test_publishing_finishes_a_tree_that_was_left_half_done(self, store: Store) -> None:
        store.put("artifacts/x/model/w.bin", b"w")
        staged = store.stage()
        store.put(f"{staged}/manifest.json", b"m")
        store.put(f"{staged}/model/w.bin", b"w")
        store.publish(staged, "artifacts/x", last="manifest.json")
        assert list(store.list("artifacts/")) == ["artifacts/x/manifest.json", "artifacts/x/model/w.bin"]

    def test_publishing_without_the_last_file_is_refused(self, store: Store) -> None:
        staged = store.stage()
        store.put(f"{staged}/model/w.bin", b"w")
        with pytest.raises(NotFound, match=r"manifest\.json"):
            store.publish(staged, "artifacts/x", last="manifest.json")
        assert list(store.list("")) == []

    def test_two_stages_are_two_places(self, store: Store) -> None:
        assert store.stage() != store.stage()

    def test_the_file_system_reads_and_writes_the_same_bytes_after_a_pickle(self, store: Store) -> None:
        filesystem, root = store.filesystem()
        filesystem = pickle.loads(pickle.dumps(filesystem))  # noqa: S301
        assert isinstance(filesystem, pyarrow.fs.FileSystem)
        store.put("bulk/in", b"in")
        with filesystem.open_input_stream(f"{root}/bulk/in") as stream:
            assert stream.read() == b"in"
        with filesystem.open_output_stream(f"{root}/bulk/out") as stream:
            stream.write(b"out")
        assert store.get("bulk/out") == b"out"

    def test_local_gives_the_tree_as_a_folder(self, store: Store, tmp_path: Path) -> None:
        store.put("artifacts/x/manifest.json", b"m")
        store.put("artifacts/x/model/w.bin", b"w")
        store.put("artifacts/xy/other", b"o")
        folder = store.local("artifacts/x", tmp_path / "cache")
        found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        assert found == ["manifest.json", "model/w.bin"]
        assert (folder / "model" / "w.bin").read_bytes() == b"w"

    def test_local_of_nothing_is_not_found(self, store: Store, tmp_path: Path) -> None:
        with pytest.raises(NotFound):
            store.local("artifacts/none", tmp_path / "cache")

    def test_a_pointer_moves_and_is_none_before(self, store: Store) -> None:
        assert read_pointer(store, "runs/x/latest") is None
        for value in ("sha256:1", "sha256:2", "sha256:2"):
            move_pointer(store, "runs/x/latest", value)
            assert read_pointer(store, "runs/x/latest") == value

    def test_a_pickled_store_is_the_same_store(self, store: Store) -> None:
        store.put("a", b"1")
        again: Store = pickle.loads(pickle.dumps(store))  # noqa: S301
        assert again.url == store.url
        assert again.get("a") == b"1"

    def test_processes_that_swap_at_once_lose_no_update(self, store: Store) -> None:
        store.put("count", b"0")
        spawn = multiprocessing.get_context("spawn")
        together = spawn.Barrier(3)
        workers = [spawn.Process(target=_count_up, args=(store, "count", 15, together)) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert store.get("count") == b"45"

    def test_of_processes_that_create_at_once_one_wins(self, store: Store) -> None:
        spawn = multiprocessing.get_context("spawn")
        won: multiprocessing.Queue[str] = spawn.Queue()
        together = spawn.Barrier(3)
        workers = [spawn.Process(target=_claim, args=(store, "the/one", f"w{n}", won, together)) for n in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert store.get("the/one").decode() == won.get(timeout=5)
        assert won.empty()


class TestDirectoryStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> DirectoryStore:
        return DirectoryStore(tmp_path / "store")
