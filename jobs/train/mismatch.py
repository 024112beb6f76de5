"""Mismatched negatives: a demonstration's prompt with another record's answer (good, for something else)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from iirl_core.demonstration import Conversation, Demonstration

POOL = 10_000
"""Answers to draw from; a prefix of the corpus, so that workers can hold it."""
ATTEMPTS = 8


def answer_pool(demonstrations: Iterable[Demonstration]) -> tuple[Conversation, ...]:
    """The first ``POOL`` conversations."""
    conversations = (one.input for one in demonstrations if isinstance(one.input, Conversation))
    return tuple(islice(conversations, POOL))


def mismatched(demonstration: Demonstration, share: float, pool: Sequence[Conversation]) -> Conversation | None:
    """Its mismatched negative, for a ``share`` in [0, 1] of all demonstrations; None for the others.

    Which ones, and whose answer, follow from the record's id alone. An answer to the same context is never taken; a
    record for which ``ATTEMPTS`` draws find no other context has none.
    """
    if not pool or not isinstance(demonstration.input, Conversation):
        return None
    draws = _draws(demonstration.id)
    if next(draws) >= share:
        return None
    for draw in islice(draws, ATTEMPTS):
        other = pool[int(draw * len(pool))]
        if other.context != demonstration.input.context and other.answer != demonstration.input.answer:
            return demonstration.input.with_answer(other.answer)
    return None


def _draws(identity: str) -> Iterator[float]:
    """Uniform in [0, 1), from the id."""
    count = 0
    while True:
        block = hashlib.blake2b(f"{identity}/mismatched/{count}".encode(), digest_size=7).digest()
        yield int.from_bytes(block, "little") / 2**56
        count += 1
