"""Columns that not every batch has."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def picked(column: Tensor | None, at: Tensor) -> Tensor | None:
    """Its rows ``at``, in that order."""
    return None if column is None else column[at]


def joined(columns: Iterable[Tensor | None]) -> Tensor | None:
    """One after the other; None where there are none."""
    found = [column for column in columns if column is not None]
    return torch.cat(found) if found else None
