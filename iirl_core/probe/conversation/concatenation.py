"""Concatenation: a good answer with something else in tow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iirl_core.demonstration import Conversation, Input
from iirl_core.probe.conversation.edited import Edit, Edited
from iirl_core.probe.material import Material


def _other(one: Conversation, rng: np.random.Generator, items: Sequence[Input]) -> str | None:
    """An answer to something else than ``one``."""
    for place in rng.permutation(len(items))[:16].tolist():
        item = items[place]
        if isinstance(item, Conversation) and item.context != one.context and item.answer not in ("", one.answer):
            return item.answer
    return None


def _joined(pattern: str, *, careless: bool) -> Edit:
    def edit(one: Conversation, rng: np.random.Generator, material: Material) -> str | None:
        other = _other(one, rng, material.corpus if careless else material.conversations)
        return None if other is None else pattern.format(answer=one.answer, other=other)

    return edit


EDITS: dict[str, Edit] = {
    "another answer after": _joined("{answer}\n\n{other}", careless=False),
    "another answer before": _joined("{other}\n\n{answer}", careless=False),
    "a careless answer after": _joined("{answer}\n\n{other}", careless=True),
    "a careless answer before": _joined("{other}\n\n{answer}", careless=True),
}
"""By note; careless answers are those of the probe corpora."""
FAMILY = Edited("concatenation", EDITS)
