"""Placing: in which situations the demonstrations lie, found by the scorers, each its share."""

from __future__ import annotations

import pickle

import numpy as np
import ray
from numpy.typing import NDArray

from cluster.failure import failure_of
from iirl_core.probe import Material
from jobs.asking_again import answers_in_order
from jobs.audit.scorers import ScorerPool

PLACED = 1024
"""Demonstrations that steered probes are made from: an evenly spaced sample, as placing a text means encoding it."""


def placed(scorers: ScorerPool, assignment: ray.ObjectRef, material: Material) -> tuple[NDArray[np.int64], ...]:
    """For every demonstration of the material its steps' situations; empty for those that were not sampled.

    Raises:
        IirlError: what a scorer raised, if it is one of ours.
        ClusterError: scorers were lost again and again with the same share.
    """
    total = len(material.demonstrations)
    sample = np.unique(np.linspace(0, total - 1, min(PLACED, total)).astype(int))
    shares = np.array_split(sample, len(scorers.actors))
    questions = [((), (assignment, pickle.dumps(share.tolist()))) for share in shares]
    found: dict[int, NDArray[np.int64]] = {}
    try:
        for _, answer in answers_in_order(
            scorers.actors, "place", questions, doing="the audit", in_flight=len(questions)
        ):
            found |= pickle.loads(answer)  # noqa: S301 - our own scorers' answers
    except ray.exceptions.RayError as error:
        raise failure_of(error, "the audit") from error
    nowhere = np.empty(0, np.int64)
    return tuple(found.get(index, nowhere) for index in range(total))
