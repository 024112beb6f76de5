"""What a corruption is, and the chance behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Protocol

import numpy as np

from iirl_core.demonstration import Conversation, Demonstration, Input

POOL = 10_000
"""Answers to draw from; a prefix of the corpus, so that workers can hold it."""


class Corruption(Protocol):
    """A pure function of an input and a generator; None where it cannot spoil that input."""

    def __call__(self, item: Input, rng: np.random.Generator, pool: Sequence[Conversation], /) -> Input | None:
        """Spoil it."""
        ...


def generator_of(identity: str, name: str) -> np.random.Generator:
    """Seeded by a demonstration's id and the corruption's name."""
    digest = hashlib.blake2b(f"{identity}/{name}".encode(), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))


def answer_pool(demonstrations: Iterable[Demonstration]) -> tuple[Conversation, ...]:
    """The first ``POOL`` conversations."""
    conversations = (one.input for one in demonstrations if isinstance(one.input, Conversation))
    return tuple(islice(conversations, POOL))
