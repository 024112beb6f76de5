r"""``\n\nHuman: … \n\nAssistant: …``: the transcripts of Anthropic's HH and the sets made from it."""

from __future__ import annotations

import re

from iirl_core.demonstration import Message, Role
from iirl_core.errors import InputError

_TURN = re.compile(r"(?:^|\n\n)(Human|Assistant):[ \t]?")
_START = re.compile(r"\s*Human:")
_ROLES: dict[str, Role] = {"Human": "user", "Assistant": "assistant"}


def is_transcript(text: str) -> bool:
    """Whether ``text`` begins as a transcript does."""
    return _START.match(text) is not None


def parse_transcript(text: str) -> tuple[Message, ...]:
    """The turns, each without surrounding white space (the format does not keep it).

    Raises:
        InputError: the text does not begin with a turn.
    """
    text = text.lstrip()
    found = list(_TURN.finditer(text))
    if not found or found[0].start() != 0:
        raise InputError("a transcript that does not begin with a turn", "\\n\\nHuman: … \\n\\nAssistant: …")
    stops = [*(turn.start() for turn in found[1:]), len(text)]
    return tuple(
        Message(_ROLES[turn[1]], text[turn.end() : stop].strip()) for turn, stop in zip(found, stops, strict=True)
    )
