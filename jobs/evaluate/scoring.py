"""Scoring inputs once: rewards, those of their rows, and what random heads over the same encoder say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from iirl_core.demonstration import Input
from iirl_core.evaluation import random_heads
from iirl_core.evaluation.frozen import Floats, Ints
from iirl_core.expertness import Episodes
from iirl_core.reward_model import RewardModel

BATCH = 64

Advance = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Scored:
    """``inputs [N]``: rewards of whole inputs; ``rows [R]`` and ``roots [R]``: of their rows, patched and unpatched;
    ``steps [N]``: rows per input; ``heads [N, H]``: what random heads say of whole inputs.
    """

    inputs: Floats
    heads: Floats
    rows: Floats
    roots: Floats
    steps: Ints

    @classmethod
    def joined(cls, parts: Sequence[Scored]) -> Scored:
        """All of them, in order; at least one."""
        columns = ("inputs", "heads", "rows", "roots", "steps")
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in columns})


Score = Callable[[Sequence[Input]], Scored]
"""In this process, or by scorers elsewhere."""


@torch.no_grad()
def score(model: RewardModel, inputs: Sequence[Input], advance: Advance | None = None) -> Scored:
    """In batches, in this process."""
    weights = random_heads(model.encoder.width)
    rows, roots, steps = [np.zeros(0)], [np.zeros(0)], [np.zeros(0, np.int64)]
    heads = [np.zeros((0, weights.shape[1]))]
    for start in range(0, len(inputs), BATCH):
        encoded = model.encoder.encode(inputs[start : start + BATCH])
        read = model.rows(encoded.z, Episodes(encoded.lengths, encoded.absorbed))
        rows.append(read.reward.double().numpy())
        roots.append(read.unpatched.double().numpy())
        steps.append(np.asarray(encoded.lengths, np.int64))
        heads.append(_means(encoded.z.double().numpy() @ weights, steps[-1]))
        if advance is not None:
            advance(len(encoded.lengths))
    flat, lengths = np.concatenate(rows), np.concatenate(steps)
    means = _means(flat[:, None], lengths)[:, 0]
    return Scored(means, np.concatenate(heads), flat, np.concatenate(roots), lengths)


def _means(rows: Floats, lengths: Ints) -> Floats:
    """``rows [R, C]`` → ``[N, C]``: the mean over each input's rows, of which it has ``lengths [N]`` ≥ 1."""
    starts = np.cumsum(lengths) - lengths
    return np.asarray(np.add.reduceat(rows, starts, axis=0) / lengths[:, None]) if len(lengths) else rows
