"""What the signals of an ensemble's members come to.

Source: Coste et al. 2023, arXiv 2310.02743: their mean, worst-case optimisation (WCO: the minimum) and
uncertainty-weighted optimisation (UWO: the mean less λ times the variance). An optimiser finds what one member is wrong
about; under the last two that pays only where all are wrong together.
"""

from __future__ import annotations

from torch import Tensor

from iirl_core.config.expertness import Combine


def combined(signals: Tensor, combine: Combine) -> Tensor:
    """``[M, N]`` → ``[N]``, differentiable: ``mean_i S_i``, ``min_i S_i``, or with a ``penalty`` λ ``mean_i S_i −
    λ·mean_i (S_i − mean S)²``. The variance is in squared units of the signal, λ in one over them.
    """
    if combine == "mean":
        return signals.mean(dim=0)
    if combine == "min":
        return signals.amin(dim=0)
    return signals.mean(dim=0) - combine.penalty * signals.var(dim=0, correction=0)
