"""Occupancy: expertness is how close a whole episode's rows lie, as a distribution, to the demonstrations'.

A likelihood of each row by itself is highest where the demonstrations are densest, and a policy that stays there for
ever earns the most of it: it stands still. A distribution is matched only by going where the demonstrations go, as
often as they do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from iirl_core.errors import ConfigError
from iirl_core.expertness.batch import Batch
from iirl_core.expertness.episodes import Episodes
from iirl_core.expertness.protocol import LearntInOnePass

CHUNK = 4096
"""Rows whose features are computed at a time."""
KEPT = 4 * CHUNK
"""Rows whose features are computed once and kept; those of more are computed twice, for all together may not fit."""


SMALL = 1e-12
"""No squared distance is less, so that roots of it have a slope."""


class Occupancy(LearntInOnePass):
    """``S(episode) = −‖μ − μ_E‖²``: minus the squared maximum mean discrepancy (Gretton et al. 2012, JMLR 13, eq. 2) of
    the episode's rows from the demonstrations', in the kernel ``Σ_b v_b·exp(−‖z − z′‖²/(2·h_b²))``.

    ``h_b = widths[b]·√(2D)``: for standardised rows √(2D) is the demonstrations' root mean square distance from each
    other. ``v_b ∝ h_b²``, with sum 1: a wide kernel changes little over the distances at hand, and so weighed it tells
    an episode that is far off where the demonstrations are as loudly as a narrow one tells a near one.

    ``μ = Σ_t φ(z_t)/T`` and μ_E are mean features; ``φ(z) = √(2v/F)·cos(zW + p)`` has F random Fourier features of each
    width (Rahimi and Recht 2007).

    An episode that the world ended is followed by absorbing steps, as if it stood where it began: with p the share of
    its own steps, ``S = −(p·‖μ − μ_E‖ + (1 − p)·‖φ(z_0) − μ_E‖)²``. So to end costs what standing still costs, no more
    (or a policy that stands safely would beat one that learns to run and falls) and no less, and it cannot be chosen
    where to end well. It is the distances that are averaged, not the features: in one mean of all steps a policy can
    make good the absorbing ones by being off to the other side while it lives (Walker2d: crouched too low, standing).

    A row's signal is its credit ``c_t = S + g_t − mean_t g_t`` with ``g_t = −√−S·⟨μ − μ_E, φ(z_t)⟩/‖μ − μ_E‖``, half
    the first variation of S as the whole life, absorbing steps and all, spends its time among the episode's own rows:
    it says which rows the episode should have more of, and its mean over the episode's rows is S.
    """

    needs_negatives = False
    whole_episodes = True
    scale: Tensor
    frequencies: Tensor
    phases: Tensor
    mean: Tensor

    def __init__(self, width: int, features: int, widths: Sequence[float]) -> None:
        super().__init__()
        each, chosen = -(-features // len(widths)), torch.tensor(widths)
        spread = chosen.repeat_interleave(each) * math.sqrt(2 * width)
        share = chosen.square() / chosen.square().sum()
        self.register_buffer("scale", (2 / each * share).sqrt().repeat_interleave(each))
        self.register_buffer("frequencies", torch.randn(width, len(spread)) / spread)
        self.register_buffer("phases", torch.rand(len(spread)) * (2 * math.pi))
        self.register_buffer("mean", torch.zeros(len(spread)))

    @property
    def members(self) -> int:
        """1: nothing in it is fitted by chance but the features, which all episodes share."""
        return 1

    def features(self, z: Tensor) -> Tensor:
        """``[N, D]`` → ``[N, F]``."""
        return self.scale * torch.cos(z @ self.frequencies + self.phases)

    def signals(self, z: Tensor) -> Tensor:
        """``[1, N]``: the credit of each row of one episode, which did not end by itself."""
        return self.credit(z, Episodes((len(z),)))

    def credit(self, z: Tensor, episodes: Episodes) -> Tensor:
        """``[1, N]``: the credit of each row in its own episode."""
        lengths = torch.tensor(episodes.lengths)
        absorbed = torch.tensor(episodes.absorbed or (0,) * len(lengths)).to(z.dtype)
        owner = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        total = z.new_zeros(len(lengths), len(self.phases))
        few = list(self._chunks(z, owner)) if len(z) <= KEPT else None
        for features, whose in few or self._chunks(z, owner):
            total = total.index_add(0, whose, features)
        gap = total / lengths.unsqueeze(1) - self.mean
        first = self.features(z[lengths.cumsum(dim=0) - lengths])
        apart, share = _norm(gap), lengths / (lengths + absorbed)
        distance = share * apart + (1 - share) * _norm(first - self.mean)
        score, gap = -distance.square(), gap * (distance / apart).unsqueeze(1)
        slope = torch.cat([-(gap[whose] * features).sum(dim=1) for features, whose in few or self._chunks(z, owner)])
        middle = z.new_zeros(len(lengths)).index_add(0, owner, slope) / lengths
        return (score[owner] + slope - middle[owner]).unsqueeze(0)

    def _chunks(self, z: Tensor, owner: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Features of the rows, and whose they are."""
        for part, whose in zip(torch.split(z, CHUNK), torch.split(owner, CHUNK), strict=True):
            yield self.features(part), whose

    def learn(self, batches: Iterable[Batch]) -> None:
        """μ_E: the mean features of the demonstrations' rows, by weight; negatives teach nothing.

        Raises:
            ConfigError: no demonstration has weight.
        """
        total, weight = torch.zeros(len(self.phases), dtype=torch.float64), 0.0
        for batch in batches:
            shares = (batch.weight * batch.expert).double()
            for part, share in zip(torch.split(batch.z, CHUNK), torch.split(shares, CHUNK), strict=True):
                total += share @ self.features(part).double()
            weight += float(shares.sum())
        if weight <= 0:
            raise ConfigError("no demonstration with weight to learn an occupancy from", "at least one")
        self.mean.copy_(total / weight)

    def loss(self, batch: Batch) -> Tensor:
        """``−S`` of the batch's demonstrations, taken as one episode: the squared discrepancy that ``learn`` makes
        least.
        """
        shares = batch.weight * batch.expert
        met = shares @ self.features(batch.z) / shares.sum().clamp(min=1e-6)
        return (met - self.mean).square().sum()

    def latents(self, z: Tensor) -> None:
        """None: patches use the whitened space."""


def _norm(rows: Tensor) -> Tensor:
    """``[B, F]`` → ``[B]``."""
    return rows.square().sum(dim=1).clamp(min=SMALL).sqrt()
