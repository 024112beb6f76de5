"""A line of straight pieces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

Knots = Sequence[tuple[float, float]]
"""At least two (signal, reward), signals rising as float32."""


def is_line(knots: Knots) -> bool:
    """Whether there is such a line through them, of rewards: at least two, of finite numbers, their rewards in [0, 1]
    and never falling.
    """
    finite = all(math.isfinite(number) for knot in knots for number in knot)
    rising = all(np.float32(a[0]) < np.float32(b[0]) and a[1] <= b[1] for a, b in pairwise(knots))
    return len(knots) > 1 and finite and rising and knots[0][1] >= 0 and knots[-1][1] <= 1


def line_through(knots: Knots, signal: Tensor) -> Tensor:
    """``signal``, any shape → the reward of the straight line between the two knots around it; level outside all of
    them. Differentiable, never falling where the knots' rewards never fall, and never beyond these.
    """
    signals, rewards = signal.new_tensor(knots).T.contiguous()
    right = torch.searchsorted(signals, signal.detach().contiguous()).clamp(1, len(signals) - 1)
    start, end = signals[right - 1], signals[right]
    share = ((signal - start) / (end - start)).clamp(0, 1)
    line: Tensor = rewards[right - 1] + share * (rewards[right] - rewards[right - 1])
    return line
