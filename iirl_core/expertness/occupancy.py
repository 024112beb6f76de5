"""Occupancy: expertness is how close a whole episode's rows lie, as a distribution, to the demonstrations'.

A likelihood of each row by itself is highest where the demonstrations are densest, and a policy that stays there for
ever earns the most of it: it stands still. A distribution is matched only by going where the demonstrations go, as
often as they do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from iirl_core.errors import ConfigError
from iirl_core.expertness.protocol import Batch, Episodes, LearntInOnePass

CHUNK = 4096
"""Rows whose features are held at a time."""


class Occupancy(LearntInOnePass):
    """``S(episode) = −‖μ − μ_E‖² − a²``: minus the squared maximum mean discrepancy (Gretton et al. 2012, JMLR 13,
    eq. 2) of the episode's rows from the demonstrations', in the kernel ``mean_b exp(−‖z − z′‖²/(2·h_b²))``.

    ``μ = Σ_t φ(z_t)/(T + A)`` and μ_E are mean features; ``φ(z) = √(2/F)·cos(zW + p)`` has F random Fourier features
    (Rahimi and Recht 2007), as many of each width ``h_b = widths[b]·√(2D)``: for standardised rows √(2D) is the
    demonstrations' root mean square distance from each other. An episode of T rows that the world ended is followed by
    A absorbing steps, alike to nothing that was demonstrated: ``a = A/(T + A)`` is their share.

    A row's signal is its credit ``c_t = S + g_t − mean_t g_t`` with ``g_t = −⟨μ − μ_E, φ(z_t)⟩``, half the first
    variation of S at the episode's own occupancy: it says which rows the episode should have more of, and its mean over
    the episode's rows is S.
    """

    needs_negatives = False
    whole_episodes = True
    frequencies: Tensor
    phases: Tensor
    mean: Tensor

    def __init__(self, width: int, features: int, widths: Sequence[float]) -> None:
        super().__init__()
        each = -(-features // len(widths))
        spread = torch.tensor(widths).repeat_interleave(each) * math.sqrt(2 * width)
        self.register_buffer("frequencies", torch.randn(width, len(spread)) / spread)
        self.register_buffer("phases", torch.rand(len(spread)) * (2 * math.pi))
        self.register_buffer("mean", torch.zeros(len(spread)))
        self.scale = math.sqrt(2 / len(spread))

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
        absorbed = torch.tensor(episodes.absorbed or (0,) * len(lengths))
        owner = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        steps = (lengths + absorbed).to(z.dtype).unsqueeze(1)
        gap = self._sums(z, owner, len(lengths)) / steps - self.mean
        score = -gap.square().sum(dim=1) - (absorbed / (lengths + absorbed)).to(z.dtype).square()
        parts = zip(torch.split(z, CHUNK), torch.split(owner, CHUNK), strict=True)
        slope = torch.cat([-(gap[whose] * self.features(part)).sum(dim=1) for part, whose in parts])
        middle = z.new_zeros(len(lengths)).index_add(0, owner, slope) / lengths
        return (score[owner] + slope - middle[owner]).unsqueeze(0)

    def _sums(self, z: Tensor, owner: Tensor, count: int) -> Tensor:
        """``[count, F]``: summed features of each episode."""
        total = z.new_zeros(count, len(self.phases))
        for part, whose in zip(torch.split(z, CHUNK), torch.split(owner, CHUNK), strict=True):
            total = total.index_add(0, whose, self.features(part))
        return total

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
