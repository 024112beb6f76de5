"""Length debiasing: a signal that goes with the length of an answer is pulled away from it.

Source: ODIN (Chen et al. 2024, arXiv 2402.07319, §3.1) adds the absolute Pearson correlation of reward and length in a
batch to the loss. Here it is squared, which is smooth where the correlation is 0.
"""

from __future__ import annotations

from torch import Tensor

FLAT = 1e-8
"""Added to the product of the variances: where signals or lengths are all the same there is no correlation."""


def length_correlation(signals: Tensor, length: Tensor, weight: Tensor) -> Tensor:
    """``signals [M, N]``, ``length [N]`` (logarithms), ``weight [M, N]`` ≥ 0 → ``[M]``: each member's weighted Pearson
    correlation, in [−1, 1]; differentiable in the signals.
    """
    share = weight / weight.sum(dim=1, keepdim=True).clamp(min=1e-6)
    signals = signals - (share * signals).sum(dim=1, keepdim=True)
    lengths = length - (share * length).sum(dim=1, keepdim=True)
    together = (share * signals * lengths).sum(dim=1)
    apart = (share * signals.square()).sum(dim=1) * (share * lengths.square()).sum(dim=1)
    return together / (apart + FLAT).sqrt()
