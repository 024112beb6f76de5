"""The learning rates of a step: linear warm-up, then a cosine to a tenth (Loshchilov and Hutter 2017)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from iirl_core.config.training import OptimiserSection
from iirl_core.tuning.tuned import ENCODER, Tuned

FLOOR = 0.1
"""Where the cosine ends, as a share of the full rate."""


@dataclass(frozen=True)
class Group:
    """Parameters that share a full learning rate and a weight decay."""

    parameters: Sequence[nn.Parameter]
    learning_rate: float
    weight_decay: float


def groups_of(module: nn.Module, section: OptimiserSection) -> list[Group]:
    """What of ``module`` is trained. A text encoder inside has a rate of its own, and its vectors (biases, norms) do
    not decay, as such models were trained; all else is one group.
    """
    own: list[nn.Parameter] = []
    matrices: list[nn.Parameter] = []
    vectors: list[nn.Parameter] = []
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            inside = isinstance(module, Tuned) and name.startswith(ENCODER)
            (own if not inside else matrices if parameter.ndim > 1 else vectors).append(parameter)
    found = [
        Group(own, section.learning_rate, section.weight_decay),
        Group(matrices, section.encoder_learning_rate, section.weight_decay),
        Group(vectors, section.encoder_learning_rate, 0.0),
    ]
    return [group for group in found if group.parameters]


def rate_share(section: OptimiserSection, step: int, steps: int) -> float:
    """What share of its full rate each group has at ``step`` in [0, steps): a pure function, so that a resumed run
    needs no scheduler's state.
    """
    warmup = min(section.warmup_steps, steps // 2)  # a short run still spends half its steps at work
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, steps - 1 - warmup)
    return FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
