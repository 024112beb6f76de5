"""The log: every event is an entry of one append-only chain, ``log/%012d.json`` from 0 on.

Each entry holds the digest of the bytes of the one before, and is created exclusively, so that of two writers one
retries behind the other and neither is lost. ``log/head`` is a hint, moved when it can be: the true head is found by
probing forward from it, never by listing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from iirl_core.canonical import Digest, digest_bytes
from iirl_core.errors import Conflict, NotFound, Tampered
from iirl_core.log.entry import Entry
from iirl_core.log.event import Event
from iirl_core.store.pointer import read_pointer
from iirl_core.store.protocol import Store

HEAD = "log/head"


def append(store: Store, event: Event) -> Entry:
    """Add ``event`` at the end, behind whatever other writers add meanwhile.

    Raises:
        Tampered: the log has lost entries.
    """
    sequence = head(store) + 1
    while True:
        previous = digest_bytes(store.get(_key(sequence - 1))) if sequence else None
        entry = Entry(sequence, previous, datetime.now(UTC).isoformat(timespec="seconds"), event)
        try:
            store.create(_key(sequence), entry.to_bytes())
        except Conflict:
            sequence += 1
            continue
        _hint(store, sequence)
        return entry


def append_once(store: Store, event: Event) -> None:
    """Add ``event``, unless the last one of its kind and name is the same: who was killed after adding it, and before
    what it says was done, comes with it again.

    Raises:
        Tampered: the log has lost entries.
    """
    before = (one.event for one in entries_backwards(store))
    last = next((one for one in before if (one.kind, one.name) == (event.kind, event.name)), None)
    if last != event:
        append(store, event)


def head(store: Store) -> int:
    """The sequence of the last entry, -1 where there is none.

    Raises:
        Tampered: the entry that the hint names is gone, or the hint is not a number.
    """
    hint = _read_hint(store)
    if hint >= 0 and not store.exists(_key(hint)):
        raise Tampered(f"log entry {hint} is gone", "an append-only log", "Restore it: run iirl log --verify")
    while store.exists(_key(hint + 1)):
        hint += 1
    return hint


def entries(store: Store) -> Iterator[Entry]:
    """All entries, the first first. Nothing but their form is checked: see `verify_chain`."""
    sequence = 0
    while True:
        try:
            data = store.get(_key(sequence))
        except NotFound:
            return
        yield Entry.from_bytes(sequence, data)
        sequence += 1


def entries_backwards(store: Store) -> Iterator[Entry]:
    """All entries, the last first, for who looks for something recent."""
    for sequence in range(head(store), -1, -1):
        yield Entry.from_bytes(sequence, store.get(_key(sequence)))


def verify_chain(store: Store) -> int:
    """Check every entry against the one before. Returns how many there are.

    Raises:
        Tampered: says at which entry the chain breaks, or from which entry on the log was cut off.
    """
    previous: Digest | None = None
    sequence = 0
    while True:
        try:
            data = store.get(_key(sequence))
        except NotFound:
            break
        entry = Entry.from_bytes(sequence, data)
        if entry.to_bytes() != data:
            raise Tampered(f"log entry {sequence} is not canonical: it was edited")
        if entry.previous != previous:
            raise Tampered(
                f"the log breaks at entry {sequence}: the entry before it has the digest {previous or 'none'}",
                f"{entry.previous or 'none'}",
            )
        previous = digest_bytes(data)
        sequence += 1
    later = [key for key in store.list("log/") if key != HEAD and key > _key(sequence)]
    if later or _read_hint(store) >= sequence:
        raise Tampered(f"the log breaks at entry {sequence}: it is gone, and later ones were written")
    return sequence


def _key(sequence: int) -> str:
    return f"log/{sequence:012d}.json"


def _read_hint(store: Store) -> int:
    text = read_pointer(store, HEAD)
    if text is None:
        return -1
    if not (text.isascii() and text.isdigit()):
        raise Tampered(f"{HEAD} holds {text[:40]!r}", "a number", f"Remove {HEAD}: it is found again")
    return int(text)


def _hint(store: Store, sequence: int) -> None:
    """Move the hint forward. Losing a race is fine: whoever won knows at least as much, or the next writer probes."""
    seen = read_pointer(store, HEAD)
    if seen is not None and int(seen) >= sequence:
        return
    try:
        store.swap(HEAD, None if seen is None else f"{seen}\n".encode(), f"{sequence}\n".encode())
    except Conflict:
        return
