"""Chance without a generator: a record's hash decides, so that order and number of workers change nothing."""

from __future__ import annotations

import hashlib

MOST_SAMPLES = 20_000
"""Samples that comparisons are compared with, of a larger corpus a fair part: some megabytes on each actor."""
MAX_TOKENS = 256
"""What the sentence encoder reads of a text."""


def drawn(comparison: str, seed: int, round_: int = 0) -> float:
    """In [0, 1), uniform over comparisons: the similarity that stands in for one where the selection is random."""
    return _hash(f"{seed}/{round_}/{comparison}") / 2**64


def dealt(identity: str, rounds: int) -> int:
    """In [0, rounds): the round that a sample is for, where one corpus of samples must do for several."""
    return _hash(identity) % rounds


def kept_of(keep: float | None, comparisons: int) -> int | None:
    """How many are kept of so many: a number, or a share (below 1) of them, at least 1; None: no bound."""
    if keep is None:
        return None
    return int(keep) if keep >= 1 else max(1, round(keep * comparisons))


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
