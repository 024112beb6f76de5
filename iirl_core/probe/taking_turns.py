"""Everything as often as anything else."""

from __future__ import annotations

from itertools import islice

import numpy as np


def turns(rng: np.random.Generator, size: int, count: int) -> list[int]:
    """``count`` indices below ``size`` in random order, each as often as any other (give or take one)."""
    rounds = (index for _ in range(-(-count // size)) for index in rng.permutation(size).tolist())
    return list(islice(rounds, count))
