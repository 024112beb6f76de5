"""RowFacts: what is kept of a suite's row once its answers are scored; the texts are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iirl_core.corpus.identity import plain_identity
from iirl_core.demonstration import Conversation
from iirl_core.evaluation.frozen import Ints


@dataclass(frozen=True)
class RowFacts:
    """``prompt`` and ``identity`` are digests, of the context and of the whole row; ``lengths`` are the answers', in
    characters.

    Of graded rows ``right`` answers come first, ``equal`` says that a wrong one is the same text as a right one, and
    ``subset`` and ``key`` are the benchmark's own names. Of judged rows ``policy`` gave the only answer, and ``golden``
    is what was said of it (None: asked later).
    """

    prompt: str
    identity: str
    lengths: tuple[int, ...]
    right: int = 0
    equal: bool = False
    subset: str = ""
    key: str = ""
    policy: str = ""
    golden: float | None = None


def prompt_digest(item: Conversation) -> str:
    """A digest of the context in which case and white space do not count: what makes two prompts the same. A text
    without a prompt stands for itself.
    """
    return plain_identity(item.context or item.messages)


def in_order(facts: Sequence[RowFacts]) -> list[int]:
    """Positions by prompt, then by content: the same however the rows were shuffled."""
    return sorted(range(len(facts)), key=lambda row: (facts[row].prompt, facts[row].identity))


def clusters_of(facts: Sequence[RowFacts]) -> Ints:
    """``[R]``: prompts by number, in the order of their digests."""
    if not facts:
        return np.zeros(0, np.int64)
    return np.asarray(np.unique([row.prompt for row in facts], return_inverse=True)[1], np.int64)
