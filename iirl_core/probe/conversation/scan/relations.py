"""Features of what an answer has in common: with its request, or its end with its beginning. No list of pieces can name
these, because each text has a piece of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from iirl_core.demonstration import Conversation
from iirl_core.probe.conversation.asking import sentences
from iirl_core.probe.conversation.scan.feature import Feature

Relate = Callable[[Conversation], str | None]
Chosen = Callable[[Conversation], str | None]
"""The piece of a conversation that is said again; None where it has none."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_NUMBER = re.compile(r"\d+")
_SIGNS = " .!?…;:,"


def relation_features(words: Sequence[str]) -> list[Feature]:
    """``words`` are those from which one of the request's first letter is taken."""
    by_letter = {word[0].lower(): word for word in reversed(words)}
    pieces: dict[str, Chosen] = {
        "the request's first word": lambda one: _first(_WORD.findall(_request(one))),
        "the request's last word": lambda one: _first(_WORD.findall(_request(one))[::-1]),
        "the request's longest word": lambda one: max(_WORD.findall(_request(one)), key=len, default=None),
        "the request's first words": lambda one: " ".join(_WORD.findall(_request(one))[:3]) or None,
        "a number of the request": lambda one: _first(_NUMBER.findall(_request(one))),
        "the request in quotes": lambda one: f'"{_request(one)}"' if _request(one) else None,
        "a word of the request's first letter": lambda one: by_letter.get(_letter(one)),
        "its own first word": lambda one: _first(_WORD.findall(one.answer)),
        "its own last word": lambda one: _first(_WORD.findall(one.answer)[::-1]),
        "its own longest word": lambda one: max(_WORD.findall(one.answer), key=len, default=None),
        "its own first sentence": lambda one: sentences(one.answer)[0],
    }
    places: dict[str, Callable[[str, str], str]] = {"before": _before, "inside": _inside, "after": _after}
    return [
        Feature("relation", f"{name} {place}", relate=_said(chosen, put))
        for name, chosen in pieces.items()
        for place, put in places.items()
    ]


def _said(chosen: Chosen, put: Callable[[str, str], str]) -> Relate:
    def relate(one: Conversation) -> str | None:
        piece = chosen(one)
        return put(one.answer, piece) if piece and one.answer.strip() else None

    return relate


def _request(one: Conversation) -> str:
    return one.context[-1].content.strip() if one.context else ""


def _letter(one: Conversation) -> str:
    return next((word[0].lower() for word in _WORD.findall(_request(one))), "")


def _first(found: Sequence[str]) -> str | None:
    return found[0] if found else None


def _before(text: str, piece: str) -> str:
    return f"{piece[:1].upper()}{piece[1:]} {text}"


def _inside(text: str, piece: str) -> str:
    words = text.split(" ")
    middle = (len(words) + 1) // 2
    return " ".join([*words[:middle], piece, *words[middle:]])


def _after(text: str, piece: str) -> str:
    return f"{text.rstrip(_SIGNS)} {piece.rstrip(_SIGNS)}."
