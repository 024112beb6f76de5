"""Sections of the maps from signal to reward."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from iirl_core.config.section import Fraction, Section


class ExponentialSection(Section):
    """clip(exp(−k·(MSE−l_min)/(l_max−l_min)), 0, 1), k fixed by two anchors."""

    kind: Literal["exponential"] = "exponential"
    demonstration_quantile: Fraction = 0.9
    """Held-out demonstrations up to this quantile of the error get reward 1: that error is l_min."""
    contrast_quantile: Fraction = 0.05
    """l_max: this quantile of the error on the contrast (negatives, or where there are none the support: uniform
    samples of the demonstrations' bounding box widened by ``support_margin``)."""
    contrast_reward: float = Field(default=0.01, gt=0, lt=1)
    """The reward at l_max; k = −ln of it."""
    support_margin: float = Field(default=0.5, ge=0)


class SigmoidSection(Section):
    """sigmoid((signal − centre)/scale), both fixed by two anchors: medians by default, which also lie apart where many
    negatives look like demonstrations.
    """

    kind: Literal["sigmoid"] = "sigmoid"
    demonstration_quantile: Fraction = 0.5
    """This quantile of held-out demonstrations' signals gets ``demonstration_reward``."""
    demonstration_reward: float = Field(default=0.8, gt=0, lt=1)
    contrast_quantile: Fraction = 0.5
    contrast_reward: float = Field(default=0.1, gt=0, lt=1)


class PiecewiseLinearSection(Section):
    """Straight lines between anchors, level outside: quantiles of both sides' signals, and the reward at each. Where
    the two sides overlap the anchors would fall somewhere; there the nearest rewards that never fall are taken.
    """

    kind: Literal["piecewise_linear"] = "piecewise_linear"
    demonstrations: dict[Fraction, Fraction] = {0.1: 0.6, 0.5: 0.8, 1.0: 1.0}
    """The reward at each quantile of held-out demonstrations' signals."""
    contrast: dict[Fraction, Fraction] = {0.0: 0.0, 0.5: 0.1, 0.9: 0.3}
    """The reward at each quantile of the contrast's."""

    @field_validator("demonstrations", "contrast")
    @classmethod
    def _rises(cls, anchors: dict[float, float]) -> dict[float, float]:
        rewards = [anchors[quantile] for quantile in sorted(anchors)]
        if not anchors or rewards != sorted(rewards):
            raise ValueError("one anchor or more, and a higher quantile earns no less")
        return anchors

    @model_validator(mode="after")
    def _apart(self) -> Self:
        highest, lowest = max(self.demonstrations.values()), min(self.contrast.values())
        if highest <= lowest:
            raise ValueError(
                f"demonstrations earn {highest:g} at most, the contrast {lowest:g} at least; let the former earn more"
            )
        return self


Mapping = Annotated[ExponentialSection | SigmoidSection | PiecewiseLinearSection, Field(discriminator="kind")]
