"""Corruption: demonstrations spoilt on purpose, to be the negatives of a family that needs some and has no policy to
sample. Nothing is labelled by that, and nothing sampled: what comes of it stays *strict* and *demonstrations-only*.

Which demonstrations are spoilt, and how, follows from their ids alone, so that every worker makes the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from iirl_core.corruption.conversations import emptied, mismatched, repeated, shuffled, truncated
from iirl_core.corruption.protocol import Corruption, answer_pool, generator_of
from iirl_core.corruption.trajectories import noised, permuted, time_reversed
from iirl_core.demonstration import Conversation, Demonstration, Input

__all__ = ["CORRUPTIONS", "answer_pool", "corrupted"]

CORRUPTIONS: dict[str, Corruption] = {
    "mismatched": mismatched,
    "empty": emptied,
    "truncated": truncated,
    "shuffled": shuffled,
    "repeated": repeated,
    "time_reversed": time_reversed,
    "permuted": permuted,
    "noised": noised,
}
"""By the name of their share in ``expertness.corrupted``. Each gives None for what it cannot spoil."""


def corrupted(
    demonstration: Demonstration, shares: Mapping[str, float], pool: Sequence[Conversation]
) -> Iterator[tuple[str, Input]]:
    """(corruption, negative) of each kind that falls to this demonstration; ``shares`` are in [0, 1], of all
    demonstrations. ``pool`` holds the answers that mismatching draws from.
    """
    for name, share in shares.items():
        rng = generator_of(demonstration.id, name)
        if rng.random() < share and (spoilt := CORRUPTIONS[name](demonstration.input, rng, pool)) is not None:
            yield name, spoilt
