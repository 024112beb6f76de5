"""Spoilt answers: to something else, none at all, cut off, without order, over and over."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from iirl_core.demonstration import Conversation, Input

ATTEMPTS = 8
WORDS = 6
"""Answers of fewer words are not cut or shuffled: what is left could be a good one."""
KEPT = (0.1, 0.5)
"""Share of its words that a cut answer keeps."""
TIMES = (3, 7)
"""How often a sentence is said again, at least and below."""


def mismatched(item: Input, rng: np.random.Generator, pool: Sequence[Conversation]) -> Input | None:
    """The request with another record's answer: good, for something else. An answer to the same context is never
    taken; where ``ATTEMPTS`` draws find no other context there is none.
    """
    if not isinstance(item, Conversation) or not pool:
        return None
    for index in rng.integers(len(pool), size=ATTEMPTS).tolist():
        other = pool[index]
        if other.context != item.context and other.answer != item.answer:
            return item.with_answer(other.answer)
    return None


def emptied(item: Input, rng: np.random.Generator, pool: Sequence[Conversation]) -> Input | None:  # noqa: ARG001
    """The empty answer. A conversation of nothing else stays out: there is nothing left to read."""
    if not isinstance(item, Conversation) or not item.answer.strip() or not item.context:
        return None
    return item.with_answer("")


def truncated(item: Input, rng: np.random.Generator, pool: Sequence[Conversation]) -> Input | None:  # noqa: ARG001
    """The answer cut off in the middle."""
    if not isinstance(item, Conversation) or len(words := item.answer.split(" ")) < WORDS:
        return None
    return item.with_answer(" ".join(words[: max(1, int(len(words) * rng.uniform(*KEPT)))]))


def shuffled(item: Input, rng: np.random.Generator, pool: Sequence[Conversation]) -> Input | None:  # noqa: ARG001
    """The answer's words in another order."""
    if not isinstance(item, Conversation) or len(words := item.answer.split()) < WORDS:
        return None
    answer = " ".join(rng.permutation(words).tolist())
    return None if answer == item.answer else item.with_answer(answer)


def repeated(item: Input, rng: np.random.Generator, pool: Sequence[Conversation]) -> Input | None:  # noqa: ARG001
    """One sentence of the answer, over and over."""
    if not isinstance(item, Conversation):
        return None
    sentences = [sentence for sentence in re.split(r"(?<=[.!?])\s+", item.answer.strip()) if sentence]
    if not sentences:
        return None
    sentence = sentences[int(rng.integers(len(sentences)))]
    return item.with_answer(" ".join([sentence] * int(rng.integers(*TIMES))))
