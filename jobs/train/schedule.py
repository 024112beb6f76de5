"""The learning rate of a step: linear warm-up, then a cosine to a tenth (Loshchilov and Hutter 2017)."""

from __future__ import annotations

import math

from iirl_core.config.training import OptimiserSection

FLOOR = 0.1
"""Where the cosine ends, as a share of the full rate."""


def learning_rate(section: OptimiserSection, step: int, steps: int) -> float:
    """The rate of ``step`` in [0, steps): a pure function, so that a resumed run needs no scheduler's state."""
    warmup = min(section.warmup_steps, steps // 2)  # a short run still spends half its steps at work
    if step < warmup:
        return section.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - 1 - warmup)
    return section.learning_rate * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))
