from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from iirl_core.errors import ClusterError, Conflict
from iirl_core.store import DirectoryStore

_WRITER = """
import sys
from pathlib import Path
from iirl_core.store import DirectoryStore
store = DirectoryStore(Path(sys.argv[1]))
n = 0
print("ready", flush=True)
while True:
    letter = b"ab"[n % 2 : n % 2 + 1]
    store.put("big", letter * 2_000_000)
    store.create(f"log/{n:06d}", letter * 500_000)
    n += 1
"""


def test_a_writer_killed_at_any_moment_leaves_nothing_half_written(tmp_path: Path) -> None:
    for turn in range(4):
        command = [sys.executable, "-c", _WRITER, str(tmp_path / str(turn))]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(0.05 + 0.017 * turn)
            writer.send_signal(signal.SIGKILL)
        store = DirectoryStore(tmp_path / str(turn))
        if store.exists("big"):
            assert store.get("big") in (b"a" * 2_000_000, b"b" * 2_000_000)
        keys = list(store.list("log/"))
        assert keys == [f"log/{n:06d}" for n in range(len(keys))]
        assert all(len(store.get(key)) == 500_000 for key in keys)
        store.swap("after", None, b"the lock of the dead is free")


def test_opening_a_store_makes_no_folder(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    assert list(store.list("")) == []
    assert not store.exists("a")
    assert not (tmp_path / "store").exists()


def test_the_url_is_absolute_so_that_workers_in_other_folders_open_the_same_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert DirectoryStore(Path(".iirl")).url == str(tmp_path / ".iirl")


def test_copies_share_their_bytes_on_disk(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.put("blobs/x", b"1")
    store.copy("blobs/x", "artifacts/y/x")
    assert (tmp_path / "blobs/x").samefile(tmp_path / "artifacts/y/x")


def test_without_hard_links_copies_and_exclusive_creation_still_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*paths: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    store = DirectoryStore(tmp_path)
    store.create("a", b"1")
    with pytest.raises(Conflict):
        store.create("a", b"2")
    store.copy("a", "b")
    assert (store.get("a"), store.get("b")) == (b"1", b"1")


def test_a_store_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ClusterError, match="cannot be written") as caught:
        DirectoryStore(tmp_path / "file" / "store").put("a", b"1")
    assert "\n" not in str(caught.value)


def test_no_temporary_file_is_left_behind(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.put("a", b"1")
    store.copy("a", "b")
    store.copy("a", "b")
    with pytest.raises(Conflict):
        store.create("a", b"2")
    assert [entry.name for entry in (tmp_path / "staging").iterdir()] == ["locks"]


def test_what_a_killed_process_staged_is_removed_a_day_later(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.put("a", b"1")
    dead, busy, fresh = store.stage(), store.stage(), store.stage()
    for staged in (dead, busy):
        store.put(f"{staged}/model/w.bin", b"w")
    (tmp_path / "staging" / "tmp-dead").write_bytes(b"x")
    yesterday = time.time() - 25 * 3600
    for old in [*(tmp_path / "staging").rglob("*"), tmp_path / "staging" / "locks"]:
        if fresh not in old.as_posix() and old != tmp_path / busy / "model" / "w.bin":
            os.utime(old, (yesterday, yesterday))
    new = store.stage()
    left = {f"staging/{entry.name}" for entry in (tmp_path / "staging").iterdir()}
    assert left == {busy, fresh, new, "staging/locks"}
    assert (tmp_path / busy / "model" / "w.bin").read_bytes() == b"w"


def test_nobody_writes_between_the_comparison_and_the_replacement_of_a_swap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DirectoryStore(tmp_path)
    store.put("pointer", b"0")
    replace = os.replace

    def replace_slowly(source: Path, target: Path) -> None:
        time.sleep(0.2)
        replace(source, target)

    def swap(data: bytes) -> bool:
        try:
            store.swap("pointer", b"0", data)
        except Conflict:
            return False
        return True

    monkeypatch.setattr(os, "replace", replace_slowly)
    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(swap, [b"1", b"2", b"3", b"4"]))
    assert sum(won) == 1
    assert store.get("pointer") == [b"1", b"2", b"3", b"4"][won.index(True)]
