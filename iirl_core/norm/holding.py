"""Norms before training: a record that says the opposite of one, just by being where it is."""

from __future__ import annotations

import numpy as np

from iirl_core.demonstration import Demonstration, Trajectory
from iirl_core.errors import InputError
from iirl_core.norm.judge import judge
from iirl_core.norm.norm import Norm, NormKind


def contradicted(norm: Norm, one: Demonstration, earns: float = 1.0) -> str | None:
    """Why ``one`` contradicts ``norm``; or why nobody can tell. None: it does not.

    A ceiling (of demonstrations) or a floor (of negatives) is contradicted by what it speaks of, at some step, as its
    matchers or its region say. A predicate is by what would break it if it earned what its role says that it ``earns``:
    1 as a demonstration, 0 as a negative.

    Raises:
        ConfigError: a predicate cannot be asked, raised, or hung.
    """
    steps = len(one.input) if isinstance(one.input, Trajectory) else 1
    try:
        judged = judge(norm, (one.input,), (np.full(steps, earns, dtype=np.float32),), one.source)
    except InputError as error:
        return str(error).rstrip(".")
    if norm.predicate is not None:
        broken = f"contradicts norm {norm.id}: a reward of {earns:g} breaks it by {judged.excess:.3g}"
        return broken if judged.broken else None
    if not judged.speaks:
        return None
    where = f" at step {judged.step}" if isinstance(one.input, Trajectory) else ""
    bound = "most" if norm.kind is NormKind.CEILING else "least"
    return f"contradicts norm {norm.id}, which speaks of it{where}: a reward of at {bound} {norm.threshold:g}"
