"""``iirl log``: print the hash-chained log, or prove that nothing was changed in it."""

from __future__ import annotations

from rich.console import Console

from iirl_core.errors import Tampered
from iirl_core.log import Entry, entries, verify_chain
from iirl_core.store import Store
from jobs.console import answering
from jobs.outcome import Outcome


def run(store: Store, *, verify: bool, console: Console | None = None) -> Outcome:
    """Print every entry, the oldest first; with ``verify`` check the chain, too (not passed where it is broken).

    Raises:
        Tampered: an entry cannot be read, and ``verify`` was not asked for.
    """
    console = console or answering()
    count = 0
    try:
        for entry in entries(store):
            console.print(line_of(entry), markup=False)
            count += 1
        if verify:
            count = verify_chain(store)
    except Tampered as error:
        if not verify:
            raise
        return Outcome(str(error), f"{store.url}/log", "Find out who wrote to the store", passed=False)
    checked = ", each holding the digest of the one before" if verify else ""
    return Outcome(f"{count} entries{checked}", f"{store.url}/log", "" if verify else "iirl log --verify")


def line_of(entry: Entry) -> str:
    """One entry as one line."""
    event = entry.event
    details = " ".join(f"{name}={_short(value)}" for name, value in event.details)
    by = f" by {event.by[:12]}" if event.by else ""
    return f"{entry.sequence:>6}  {entry.time}  {event.kind:<10}  {event.name}  {event.subject[:19]}{by}  {details}"


def _short(value: str) -> str:
    return value[:19] if value.startswith("sha256:") else value
