from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from iirl_core.canonical import digest_bytes
from iirl_core.errors import Tampered
from iirl_core.log import Event, append
from iirl_core.store import DirectoryStore
from jobs import log
from jobs.outcome import Outcome


def printed(store: DirectoryStore, *, verify: bool) -> tuple[Outcome, list[str]]:
    out = io.StringIO()
    outcome = log.run(store, verify=verify, console=Console(file=out, soft_wrap=True))
    return outcome, out.getvalue().splitlines()


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    store = DirectoryStore(tmp_path)
    for number in range(3):
        details = (("statement", digest_bytes(b"s")), ("round", str(number)))
        append(store, Event("audit", digest_bytes(b"x"), "portal", "f" * 64, details))
    return store


def test_every_entry_is_a_line_with_what_who_and_when(store: DirectoryStore) -> None:
    outcome, lines = printed(store, verify=False)
    assert outcome.made == "3 entries"
    assert len(lines) == 3
    for number, line in enumerate(lines):
        assert line.split()[0] == str(number)
        assert "+00:00  audit" in line
        assert f"portal  {digest_bytes(b'x')[:19]} by ffffffffffff" in line
        assert f"round={number} statement={digest_bytes(b's')[:19]}" in line


def test_an_unbroken_chain_passes(store: DirectoryStore) -> None:
    outcome, _ = printed(store, verify=True)
    assert outcome.passed
    assert outcome.made.startswith("3 entries, each holding the digest")


def test_a_broken_chain_does_not_pass_and_says_where(store: DirectoryStore) -> None:
    key = "log/000000000000.json"
    store.put(key, store.get(key).replace(b"portal", b"spatial"))
    outcome, lines = printed(store, verify=True)
    assert not outcome.passed
    assert "breaks at entry 1" in outcome.made
    assert len(lines) == 3


def test_an_unreadable_entry_fails_the_proof_and_stops_the_listing(store: DirectoryStore) -> None:
    store.put("log/000000000001.json", b"{")
    outcome, lines = printed(store, verify=True)
    assert (outcome.passed, len(lines)) == (False, 1)
    with pytest.raises(Tampered, match="entry 1"):
        printed(store, verify=False)


def test_a_store_that_was_never_written_has_an_empty_log(tmp_path: Path) -> None:
    outcome, lines = printed(DirectoryStore(tmp_path / "none"), verify=True)
    assert outcome.passed
    assert lines == []
