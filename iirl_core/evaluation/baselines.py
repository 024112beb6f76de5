"""What stands beside every figure that looks at nothing but the rewards: any score can stand in their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol, Self, TypeVar

import numpy as np

from iirl_core.evaluation.estimate import Estimate
from iirl_core.evaluation.frozen import Answers, Floats
from iirl_core.evaluation.resampling import TAIL, Resampling


class Scorable(Protocol):
    """Data whose rewards can be replaced."""

    def scored_by(self, scores: Callable[[Answers], Floats]) -> Self:
        """The same data with other scores in the rewards' place."""


Data = TypeVar("Data", bound=Scorable)
Measure = Callable[[Data, Resampling], list[Estimate]]


def length_alone(measure: Measure[Data], data: Data, resampling: Resampling) -> list[Estimate]:
    """``length/FIGURE`` for each figure: the same with the length of the answer as the reward, longer being better."""
    found = measure(data.scored_by(lambda answers: answers.lengths), resampling)
    return [replace(estimate, name=f"length/{estimate.name}") for estimate in found]


def heads_alone(measure: Measure[Data], data: Data, heads: int) -> list[Estimate]:
    """``random/FIGURE`` for each figure: the mean over the ``heads`` random heads, each told the better of its two
    signs, with the interval that holds 95% of the heads (not of resamples).
    """
    named: dict[str, list[Estimate]] = {}
    for head in range(heads):
        ways = [measure(data.scored_by(partial(_said, head, sign)), Resampling(0)) for sign in (1, -1)]
        for pair in zip(*ways, strict=True):
            better = max(pair, key=lambda estimate: estimate.value)
            named.setdefault(better.name, []).append(better)
    return [over_heads(f"random/{name}", estimates) for name, estimates in named.items()]


def _said(head: int, sign: int, answers: Answers) -> Floats:
    return sign * answers.heads[:, head]


def over_heads(name: str, estimates: Sequence[Estimate]) -> Estimate:
    """The mean over estimates of the same figure, one of each random head, with the interval that holds 95% of them."""
    values = np.array([estimate.value for estimate in estimates])
    value = float(values.mean())
    low, high = np.quantile(values, [TAIL, 1 - TAIL])
    return replace(estimates[0], name=name, value=value, low=min(float(low), value), high=max(float(high), value))
