"""Maps m_ψ: signal → reward in [0, 1]. Calibrated once on held-out demonstrations, then frozen."""

from __future__ import annotations

import torch
from torch import Tensor

from iirl_core.canonical import JsonValue
from iirl_core.config.mapping import ExponentialSection, PiecewiseLinearSection, SigmoidSection
from iirl_core.errors import ArtifactError, ConfigError
from iirl_core.mapping.exponential import Exponential, calibrate_exponential
from iirl_core.mapping.piecewise_linear import PiecewiseLinear, calibrate_piecewise_linear
from iirl_core.mapping.protocol import Mapping as Mapping
from iirl_core.mapping.protocol import Monotone as Monotone
from iirl_core.mapping.sigmoid import Sigmoid, calibrate_sigmoid

MappingSection = ExponentialSection | SigmoidSection | PiecewiseLinearSection


def calibrate(section: MappingSection, demonstrations: Tensor, contrast: Tensor) -> Mapping:
    """Fix a map by its anchors. ``demonstrations [N]`` and ``contrast [K]`` are signals, of held-out demonstrations and
    of what must score low.

    Raises:
        ConfigError: one of them is empty or not finite, or the anchors are inverted.
    """
    for name, signals in (("held-out demonstrations", demonstrations), ("contrast", contrast)):
        if signals.ndim != 1 or len(signals) == 0 or not bool(torch.isfinite(signals).all()):
            raise ConfigError(f"mapping: {len(signals)} signals of the {name}", "at least one, all finite")
    # Quantiles in float64, of at most 2²⁰ rows: torch.quantile refuses more than 2²⁴, and anchors need no more.
    demonstrations, contrast = (signals.detach().double()[: 2**20] for signals in (demonstrations, contrast))
    if isinstance(section, ExponentialSection):
        return calibrate_exponential(section, demonstrations, contrast)
    if isinstance(section, PiecewiseLinearSection):
        return calibrate_piecewise_linear(section, demonstrations, contrast)
    return calibrate_sigmoid(section, demonstrations, contrast)


def from_document(document: JsonValue) -> Mapping:
    """The inverse of ``Mapping.document``.

    Raises:
        ArtifactError: the kind is unknown or a parameter is missing.
    """
    if not isinstance(document, dict):
        raise ArtifactError(f"mapping {document}", "an object")
    numbers = {name: float(value) for name, value in document.items() if isinstance(value, int | float)}
    match document.get("kind"), sorted(numbers):
        case "exponential", ["k", "l_max", "l_min"]:
            return Exponential(numbers["l_min"], numbers["l_max"], numbers["k"])
        case "sigmoid", ["centre", "scale"]:
            return Sigmoid(numbers["centre"], numbers["scale"])
        case "piecewise_linear", _:
            return PiecewiseLinear.told(numbers)
        case _:
            raise ArtifactError(
                f"mapping {document}", "kind exponential, sigmoid or piecewise_linear, with its parameters"
            )
