"""A line of straight pieces."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

Knots = Sequence[tuple[float, float]]
"""At least two (signal, reward), signals rising as float32."""


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
