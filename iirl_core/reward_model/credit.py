"""From what whole episodes are worth to a reward for each of their steps."""

from __future__ import annotations

import torch
from torch import Tensor

from iirl_core.expertness import Episodes
from iirl_core.mapping import Monotone


def credited(mapping: Monotone, signal: Tensor, episodes: Episodes) -> Tensor:
    """``signal [N]``, each row's credit for its episode's signal S, their mean → rewards ``[N]`` in [0, 1], whose mean
    over an episode is ``m(S)``.

    ``r_t = m(S) + λ·2·m′(S)·(c_t − S)``: m(S) and its first variation as the life's time moves among the episode's own
    rows (that of S is 2c), with the largest λ ≤ 1, one for each episode, that keeps all its steps within [0, 1].
    """
    lengths = torch.tensor(episodes.lengths)
    owner = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
    score = signal.new_zeros(len(lengths)).index_add(0, owner, signal) / lengths
    reward, slope = mapping.reward(score), _slope(mapping, score)
    step = 2 * slope[owner] * (signal - score[owner])
    room = torch.where(step > 0, 1 - reward[owner], reward[owner]) / step.abs().clamp(min=1e-12)
    share = signal.new_ones(len(lengths)).scatter_reduce(0, owner, room.detach(), "amin")
    return (reward[owner] + share[owner] * step).clamp(0, 1)


def _slope(mapping: Monotone, score: Tensor) -> Tensor:
    """``m′(S)``."""
    with torch.enable_grad():
        here = score.detach().requires_grad_()
        (slope,) = torch.autograd.grad(mapping.reward(here).sum(), here)
    return slope
