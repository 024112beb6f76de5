"""What repairs aim at: a little more than a norm asks for, because neighbours come with their flaws."""

from __future__ import annotations

from iirl_core.norm.norm import Norm, NormKind

INSIDE = 0.9
"""A bound is kept at this share of its distance from the best reward there is."""


def target_of(norm: Norm) -> float:
    """Of a floor the least reward to reach; of any other the largest reward, or change of it, to leave: in [0, 1]."""
    return 1 - INSIDE * (1 - norm.threshold) if norm.kind is NormKind.FLOOR else INSIDE * norm.threshold
