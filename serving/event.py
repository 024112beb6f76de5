"""That something is served is an event of the log, like the release that allowed it."""

from __future__ import annotations

import sys

from iirl_core.errors import IirlError
from iirl_core.log import Event, append
from iirl_core.store import Store
from serving.served import Served


def record_serving(store: Store, served: Served) -> None:
    """Append the event. A server needs only to read the store: one that may not write says so and serves."""
    event = Event(
        "serve", served.digest, served.name, details=(("channel", served.channel), ("release", served.release))
    )
    try:
        append(store, event)
    except IirlError as error:
        print(f"iirl: that {served.references[0]} is served could not be logged: {error}", file=sys.stderr, flush=True)
