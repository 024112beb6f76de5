"""Graded and judged answers made by hand: a row is what its benchmark's file holds, and a reward for each answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iirl_core.evaluation import GRADED, Estimate, Graded, Resampling, graded_of

FEW = Resampling(200)

Row = tuple[dict[str, object], list[float]]


def graded(kind: str, rows: Sequence[Row]) -> Graded:
    """Rewards in the order of the answers, the right ones first; both heads say the reward, one upside down."""
    facts = [GRADED[kind].read(document).facts() for document, _ in rows]
    rewards = np.array([reward for _, said in rows for reward in said], np.float64)
    return graded_of(facts, rewards, np.stack([rewards, -rewards], axis=1))


def figures(kind: str, rows: Sequence[Row]) -> dict[str, Estimate]:
    """By name, of the reward alone."""
    return {estimate.name: estimate for estimate in GRADED[kind].measure(graded(kind, rows), FEW)}


def values(kind: str, rows: Sequence[Row]) -> dict[str, float]:
    return {name: estimate.value for name, estimate in figures(kind, rows).items()}
