"""The reference map: exponential in the reconstruction error."""

from __future__ import annotations

import math
from collections.abc import Mapping as Document
from dataclasses import dataclass

from torch import Tensor

from iirl_core.config.mapping import ExponentialSection
from iirl_core.errors import ArtifactError, ConfigError


@dataclass(frozen=True)
class Exponential:
    """``m(S) = clip(exp(−k·(−S − l_min)/(l_max − l_min)), 0, 1)`` with the error −S: 1 up to ``l_min`` and
    e^−k at ``l_max``.

    Raises:
        ArtifactError: a number is not finite, l_max ≤ l_min or k ≤ 0.
    """

    l_min: float
    l_max: float
    k: float
    kind: str = "exponential"

    def __post_init__(self) -> None:
        finite = all(math.isfinite(number) for number in (self.l_min, self.l_max, self.k))
        if not finite or self.l_max <= self.l_min or self.k <= 0:
            raise ArtifactError(f"exponential map {self}", "finite numbers with l_max > l_min and k > 0")

    def reward(self, signal: Tensor) -> Tensor:
        """Elementwise, any shape, in [0, 1]."""
        # The exponent is clamped rather than the result, so that nothing overflows far inside the demonstrations.
        return (-self.k * (-signal - self.l_min) / (self.l_max - self.l_min)).clamp(max=0).exp()

    def document(self) -> Document[str, str | float]:
        """Kind and parameters."""
        return {"kind": self.kind, "l_min": self.l_min, "l_max": self.l_max, "k": self.k}


def calibrate_exponential(section: ExponentialSection, demonstrations: Tensor, contrast: Tensor) -> Exponential:
    """l_min and l_max are the configured quantiles of the errors; ``k = −ln(contrast_reward)``.

    Raises:
        ConfigError: the contrast is reconstructed better than the demonstrations, so no map can tell them apart.
    """
    l_min = float((-demonstrations).quantile(section.demonstration_quantile))
    l_max = float((-contrast).quantile(section.contrast_quantile))
    if l_max <= l_min:
        raise ConfigError(
            f"mapping: the anchors are inverted: quantile {section.contrast_quantile} of the contrast's error is "
            f"{l_max:.4g}, quantile {section.demonstration_quantile} of the demonstrations' is {l_min:.4g}",
            "the contrast to be reconstructed worse than the demonstrations",
            "Train longer, shrink expertness.bottleneck, or move mapping's quantiles apart",
        )
    return Exponential(l_min, l_max, -math.log(section.contrast_reward))
