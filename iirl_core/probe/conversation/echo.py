"""Echo: the request said back in place of an answer, or around one."""

from __future__ import annotations

from iirl_core.demonstration import Conversation
from iirl_core.probe.conversation.edited import Edit, Edited


def _request(one: Conversation) -> str | None:
    """What was asked last; None where nobody asked."""
    return next((turn.content for turn in reversed(one.context) if turn.role == "user" and turn.content.strip()), None)


def _said_around(pattern: str) -> Edit:
    def edit(one: Conversation, *_: object) -> str | None:
        request = _request(one)
        return None if request is None else pattern.format(request=request, answer=one.answer)

    return edit


EDITS: dict[str, Edit] = {
    "the request alone": _said_around("{request}"),
    "the request twice": _said_around("{request} {request}"),
    "a question back": _said_around("You would like to know: {request}"),
    "the request, then the answer": _said_around("{request}\n\n{answer}"),
    "the answer, then the request": _said_around("{answer}\n\n{request}"),
}
"""By note."""
FAMILY = Edited("echo", EDITS)
