"""A sigmoid map, for families whose signal is a log-ratio."""

from __future__ import annotations

import math
from collections.abc import Mapping as Document
from dataclasses import dataclass

import torch
from torch import Tensor

from iirl_core.config.mapping import SigmoidSection
from iirl_core.errors import ArtifactError, ConfigError


@dataclass(frozen=True)
class Sigmoid:
    """``m(S) = 1/(1 + exp(−(S − centre)/scale))``.

    Raises:
        ArtifactError: a number is not finite, or scale ≤ 0.
    """

    centre: float
    scale: float
    kind: str = "sigmoid"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.centre) and math.isfinite(self.scale)) or self.scale <= 0:
            raise ArtifactError(f"sigmoid map {self}", "finite numbers with scale > 0")

    def reward(self, signal: Tensor) -> Tensor:
        """Elementwise, any shape, in [0, 1]."""
        return torch.sigmoid((signal - self.centre) / self.scale)

    def document(self) -> Document[str, str | float]:
        """Kind and parameters."""
        return {"kind": self.kind, "centre": self.centre, "scale": self.scale}


def calibrate_sigmoid(section: SigmoidSection, demonstrations: Tensor, contrast: Tensor) -> Sigmoid:
    """Solves ``m(demonstration quantile) = demonstration_reward`` and ``m(contrast quantile) = contrast_reward``.

    Raises:
        ConfigError: the contrast's signal is not below the demonstrations', or the two rewards are in the wrong order.
    """
    if section.demonstration_reward <= section.contrast_reward:
        raise ConfigError(
            f"mapping: demonstration_reward {section.demonstration_reward} ≤ contrast_reward {section.contrast_reward}",
            "demonstrations to earn more",
        )
    high = float(demonstrations.quantile(section.demonstration_quantile))
    low = float(contrast.quantile(section.contrast_quantile))
    if high <= low:
        raise ConfigError(
            f"mapping: the anchors are inverted: quantile {section.contrast_quantile} of the contrast's signal is "
            f"{low:.4g}, quantile {section.demonstration_quantile} of the demonstrations' is {high:.4g}",
            "the contrast below the demonstrations",
            "Train longer, look at the negatives, or move mapping's quantiles apart",
        )
    logit_high = math.log(section.demonstration_reward / (1 - section.demonstration_reward))
    logit_low = math.log(section.contrast_reward / (1 - section.contrast_reward))
    scale = (high - low) / (logit_high - logit_low)
    return Sigmoid(high - scale * logit_high, scale)
