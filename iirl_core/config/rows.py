"""The kinds of row that a trajectory is read in, and how wide they are: from shapes alone (``encoder/rows.py`` makes
them).
"""

from __future__ import annotations

from typing import Literal

RowKind = Literal["states", "state-actions", "transitions", "changes", "windows"]
ROW_KINDS: tuple[RowKind, ...] = ("states", "state-actions", "transitions", "changes", "windows")
ACTING: tuple[RowKind, ...] = ("state-actions", "transitions")
"""Rows that hold actions."""


def row_width(rows: RowKind, observations: int, actions: int, window: int = 1) -> int:
    """D; ``window`` is the number of states in a window."""
    return {
        "states": observations,
        "state-actions": observations + actions,
        "transitions": 2 * observations + actions,
        "changes": 2 * observations,
        "windows": window * observations,
    }[rows]
