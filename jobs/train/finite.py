"""Numbers that are none: nothing that is learnt after such a step means anything."""

from __future__ import annotations

import math

from iirl_core.errors import ConfigError
from jobs.train.engine import StepReport


def check_finite(report: StepReport, step: int) -> None:
    """Nothing to do after a step like any other.

    Raises:
        ConfigError: the loss or the gradient's norm is not a number, or infinite (of which DeepSpeed says −1).
    """
    check_number(report.loss, f"the loss of step {step}")
    norm = report.gradient_norm
    if norm is not None:
        check_number(norm if norm >= 0 else math.inf, f"the gradient of step {step}")


def check_number(number: float, named: str) -> None:
    """Nothing to do where it is finite; ``named`` is what it says.

    Raises:
        ConfigError: it is not a number, or infinite.
    """
    if not math.isfinite(number):
        raise ConfigError(
            f"{named} is not a number, or infinite",
            todo="Lower optimiser.learning_rate or optimiser.gradient_clip of train (or of imitate.train)",
        )
