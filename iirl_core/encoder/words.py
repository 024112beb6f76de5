"""The words that an encoder knows: what a search for what moves a reward may put into a text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from iirl_core.encoder.protocol import Encoder

_WORD = re.compile(r"[^\W\d_]{3,}")
_STARTS = ("Ġ", "▁")
"""What byte-level and sentencepiece tokenizers write before the first piece of a word; WordPiece marks the others."""


@runtime_checkable
class Worded(Protocol):
    """An encoder that can say which words it knows."""

    @property
    def words(self) -> tuple[str, ...]:
        """In order, each once."""
        ...


def words_of(encoder: Encoder) -> tuple[str, ...]:
    """Those of ``encoder``; none where it cannot say."""
    return encoder.words if isinstance(encoder, Worded) else ()


def whole_words(tokens: Iterable[str]) -> tuple[str, ...]:
    """Of a tokenizer's vocabulary, the words of three letters or more that are one token, in order."""
    listed = list(tokens)
    marked = [token[1:] for token in listed if token.startswith(_STARTS)]
    return tuple(sorted({token for token in marked or listed if _WORD.fullmatch(token)}))
