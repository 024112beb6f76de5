from __future__ import annotations

import pytest

from iirl_core.canonical import Digest, digest_bytes
from iirl_core.errors import InputError
from iirl_core.log import Event

SUBJECT = digest_bytes(b"artifact")


def test_an_event_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="event 'party'"):
        Event("party", SUBJECT, "x")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="an event about"):
        Event("audit", Digest("portal"), "x")
