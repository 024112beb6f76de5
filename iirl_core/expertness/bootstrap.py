"""Which rows each ensemble member learns from: a bootstrap without state, the same on every rank and in every epoch."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_BITS = 24
_POISSON = [sum(math.exp(-1) / math.factorial(j) for j in range(i + 1)) for i in range(8)]
"""P(Poisson(1) ≤ i); beyond 8 the mass is below 10⁻⁶."""


def bootstrap(row: Tensor, members: int) -> Tensor:
    """``row [N]`` int64 → ``[M, N]`` float32: how often each member sees each row, Poisson(1) from a hash of both.

    A Poisson count per row is the bootstrap of a stream (Oza and Russell 2001). One member sees every row once.
    """
    if members == 1:
        return torch.ones(1, len(row), device=row.device)
    member = torch.arange(1, members + 1, device=row.device).unsqueeze(1)
    state = _mix(_mix(row.long().unsqueeze(0)) + member * -7046029254386353131)
    uniform = (state & ((1 << _BITS) - 1)).double() / (1 << _BITS)
    thresholds = torch.tensor(_POISSON, dtype=torch.float64, device=row.device)
    return torch.searchsorted(thresholds, uniform, right=True).float()


def _mix(state: Tensor) -> Tensor:
    """SplitMix64's finaliser (Steele, Lea and Flood 2014) in wrapping int64 arithmetic."""
    state = state + -7046029254386353131
    state = (state ^ ((state >> 30) & ((1 << 34) - 1))) * -4658895280553007687
    state = (state ^ ((state >> 27) & ((1 << 37) - 1))) * -7723592293110705685
    return state ^ ((state >> 31) & ((1 << 33) - 1))
