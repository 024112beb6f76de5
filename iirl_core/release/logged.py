"""Whether a channel is where the log says it is: a signature alone does not tell an old release put back from the last.

What it costs grows with the events since the channel moved last, not with the whole log.
"""

from __future__ import annotations

from iirl_core.errors import Gated, Tampered
from iirl_core.log import entries_backwards
from iirl_core.release.release import Release
from iirl_core.signing import Verified
from iirl_core.store.protocol import Store

MOVES = ("release", "rollback")


def logged_release(store: Store, verified: Verified[Release]) -> int:
    """The sequence of the log's last entry about this channel, which must be ``verified``.

    Raises:
        Tampered: the channel moved on since: this is an old release that was put back.
        Gated: the move to it was begun and never logged, so nothing says that it is the last.
    """
    release = verified.predicate
    what = f"release {release.sequence} in {release.name}@{release.channel}"
    for entry in entries_backwards(store):
        event = entry.event
        if event.kind not in MOVES or (event.name, event.detail("channel")) != (release.name, release.channel):
            continue
        if event.detail("statement") == verified.digest:
            return entry.sequence
        last = event.detail("sequence")
        if last.isdigit() and int(last) < release.sequence:
            break
        raise Tampered(
            f"{what} is not its last: the log is at release {last}",
            event.detail("statement")[:19],
            "Run iirl log --verify, and release again",
        )
    raise Gated(f"{what} is not in the log", "an entry", "Run iirl release again: it finishes what was begun")
