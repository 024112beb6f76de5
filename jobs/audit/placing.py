"""Placing: in which situations the demonstrations lie, found by the scorers, each its share."""

from __future__ import annotations

import pickle

import numpy as np
import ray
from numpy.typing import NDArray

from cluster.failure import failure_of
from iirl_core.probe import Material
from jobs.audit.scorers import ScorerPool

PLACED = 1024
"""Demonstrations that steered probes are made from: an evenly spaced sample, as placing a text means encoding it."""


def placed(scorers: ScorerPool, assignment: ray.ObjectRef, material: Material) -> tuple[NDArray[np.int64], ...]:
    """For every demonstration of the material its steps' situations; empty for those that were not sampled.

    Raises:
        ClusterError: a scorer was lost more often than Ray retries.
    """
    total = len(material.demonstrations)
    sample = np.unique(np.linspace(0, total - 1, min(PLACED, total)).astype(int))
    shares = np.array_split(sample, len(scorers.actors))
    try:
        answers = ray.get(
            [
                actor.place.remote(assignment, pickle.dumps(share.tolist()))
                for actor, share in zip(scorers.actors, shares, strict=True)
            ]
        )
    except ray.exceptions.RayError as error:
        raise failure_of(error, "the audit") from error
    found: dict[int, NDArray[np.int64]] = {}
    for answer in answers:
        found |= pickle.loads(answer)  # noqa: S301 - our own scorers' answers
    nowhere = np.empty(0, np.int64)
    return tuple(found.get(index, nowhere) for index in range(total))
