"""Norms before training: a record that says the opposite of one, just by being where it is."""

from __future__ import annotations

import numpy as np

from iirl_core.demonstration import Demonstration, Trajectory
from iirl_core.errors import InputError
from iirl_core.norm.judge import judge
from iirl_core.norm.norm import Norm, NormKind


def contradicted(norm: Norm, one: Demonstration) -> str | None:
    """Why ``one`` contradicts ``norm``, a ceiling (of demonstrations) or a floor (of negatives): the norm speaks of it,
    at some step, as its matchers or its region say; or why nobody can tell. None: it does not.
    """
    steps = len(one.input) if isinstance(one.input, Trajectory) else 1
    try:
        judged = judge(norm, (one.input,), (np.ones(steps, dtype=np.float32),), one.source)
    except InputError as error:
        return str(error).rstrip(".")
    if not judged.speaks:
        return None
    where = f" at step {judged.step}" if isinstance(one.input, Trajectory) else ""
    bound = "most" if norm.kind is NormKind.CEILING else "least"
    return f"contradicts norm {norm.id}, which speaks of it{where}: a reward of at {bound} {norm.threshold:g}"
