"""A Feature: one thing that a conversation may have or lack, and how to give it to one that is as it was otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from iirl_core.demonstration import Conversation, Message

Place = Literal["whole", "relation", "inside", "word", "rare", "start", "end", "request"]
"""Of the answer, but for the last: all of it; what it has in common with the request or with itself; between its words
(what is listed, common words, uncommon ones and those that the encoder knows beside); before it; after it; behind the
request.
"""
PLACES: tuple[Place, ...] = ("whole", "relation", "inside", "word", "rare", "start", "end", "request")
DOSE = 6
"""Words of a class that are put in together: what pays by the share of such words has to see some."""
_GAP = re.compile(r"(?<=\S)\s+(?=\S)")


@dataclass(frozen=True)
class Feature:
    """At ``place``: one of ``pieces`` if there is one, ``DOSE`` of them drawn where it is a class of many; or, of the
    whole answer, ``edit``, and of a relation, ``relate`` (None where there is nothing to change). ``name`` says which,
    in a few words.
    """

    place: Place
    name: str
    pieces: tuple[str, ...] = ()
    edit: Callable[[str], str | None] | None = None
    relate: Callable[[Conversation], str | None] | None = None

    @property
    def note(self) -> str:
        """As findings name it."""
        return f"{self.place}: {self.name}"

    def piece(self, rng: np.random.Generator) -> str:
        """What is put in."""
        if len(self.pieces) == 1:
            return self.pieces[0]
        return " ".join(rng.choice(self.pieces, size=DOSE).tolist())


def given(item: Conversation, features: Sequence[Feature], rng: np.random.Generator) -> Conversation | None:
    """``item`` with all of ``features``; None where that changes nothing."""
    text = item.answer
    for feature in features:
        if feature.edit is not None:
            text = feature.edit(text) or text
        if feature.relate is not None:
            text = feature.relate(item.with_answer(text)) or text
    by_place = {place: [one.piece(rng) for one in features if one.place == place] for place in PLACES[2:]}
    text = _put_inside(text, by_place["inside"] + by_place["word"] + by_place["rare"], rng)
    for piece in by_place["start"]:
        text = f"{piece} {text}"
    for piece in by_place["end"]:
        text = _ended(text, piece)
    context = _asked(item.context, " ".join(by_place["request"]))
    made = Conversation((*context, Message("assistant", text)))
    return None if made == item else made


def _put_inside(text: str, pieces: Sequence[str], rng: np.random.Generator) -> str:
    """Each after a word drawn anew, the last excepted where there are more."""
    gaps = [match.start() for match in _GAP.finditer(text)] or [len(text)]
    places = sorted(rng.choice(gaps, size=len(pieces)).tolist()) if pieces else []
    for place, piece in zip(reversed(places), pieces, strict=True):
        text = f"{text[:place]} {piece}{text[place:]}"
    return text


def _ended(text: str, piece: str) -> str:
    """A sign takes the place of the last one; words come after it."""
    if any(sign.isalnum() for sign in piece):
        return f"{text} {piece}"
    return text.rstrip(" .!?…;:,") + piece


def _asked(context: tuple[Message, ...], more: str) -> tuple[Message, ...]:
    """Behind what was asked last."""
    if not more or not context:
        return context
    last = context[-1]
    return (*context[:-1], Message(last.role, f"{last.content} {more}"))
