"""The words in which an answer and its edit differ."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

_PIECES = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Segment:
    """A run of text that both sides share (``same``), or that only the original (``removed``) or only the edit
    (``added``) has.
    """

    change: Literal["same", "removed", "added"]
    text: str


def word_diff(original: str, edited: str) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """The original as *same* and *removed* segments, and the edit as *same* and *added* ones; each side joins up to
    its own text again.

    Words, single signs and runs of white space are compared whole.
    """
    old, new = _PIECES.findall(original), _PIECES.findall(edited)
    left: list[Segment] = []
    right: list[Segment] = []
    for change, i, j, k, n in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        before, after = "".join(old[i:j]), "".join(new[k:n])
        same = change == "equal"
        if before:
            left.append(Segment("same" if same else "removed", before))
        if after:
            right.append(Segment("same" if same else "added", after))
    return tuple(left), tuple(right)
