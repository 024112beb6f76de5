"""What was answered, and what a norm says of it.

An *answer* is the reward of every step of one input: ``[T]`` for a trajectory, ``[1]`` for a conversation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Answer = NDArray[np.float32]


@dataclass(frozen=True)
class Judgement:
    """``excess`` > 0: broken, by that much, at ``step``; ``whole``: by the inputs as wholes, and no step is to blame.
    −∞: the norm says nothing of this input.
    """

    excess: float
    step: int = 0
    whole: bool = False

    @property
    def speaks(self) -> bool:
        """Whether the norm is about this input at all."""
        return self.excess > -math.inf

    @property
    def broken(self) -> bool:
        """Whether this is a finding."""
        return self.excess > 0

    def looked_at(self, answers: Sequence[Answer]) -> tuple[float, ...]:
        """A reward of each input: that of the step which broke the norm; the mean where wholes were judged, and of an
        input that is over before.
        """
        whole = [self.whole or self.step >= len(answer) for answer in answers]
        return tuple(
            float(answer.mean() if all_of_it else answer[self.step])
            for answer, all_of_it in zip(answers, whole, strict=True)
        )


SILENT = Judgement(-math.inf)
