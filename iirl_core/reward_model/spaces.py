"""The spaces in which patches measure distances, each scaled by its own spread over the demonstrations.

    latent    one expert's bottleneck, weighted by its gate; without experts the whitened bottleneck, weight 1
    residual  that latent with the norm of what the expert (or the bottleneck) did not explain appended
    input     the whitened z itself, weight 1

A coordinate's *spread* is the demonstrations' gate-weighted root mean square distance from their mean; a residual's is
its root mean square. In these units a kernel of width 1 is as wide as the demonstrations are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from iirl_core.expertness import Expertness, Latents
from iirl_core.patch.patch import Space
from iirl_core.reward_model.whitening import Whitening, chunked

BOTTLENECK = 16
TINY = 1e-6
EXPLAINED = 1e-2
"""A residual's spread is at least this share of the demonstrations' own, in z."""


@dataclass(frozen=True, eq=False)
class Spaces:
    """``bottleneck`` whitens to W ≤ 16 dimensions, ``whole`` to all D; ``latent [E]``, ``residual [E]`` and
    ``input [1]`` are the spreads.
    """

    bottleneck: Whitening
    whole: Whitening
    latent: Tensor
    residual: Tensor
    input: Tensor

    @classmethod
    def fit(cls, expertness: Expertness, z: Tensor) -> Spaces:
        """From demonstrations ``z [N, D]``."""
        places = z.shape[1] - expertness.unseen
        bottleneck = Whitening.fit(z, BOTTLENECK, expertness.unseen)
        whole = Whitening.fit(z, places, expertness.unseen)
        latents = Latents.joined([latents_of(expertness, bottleneck, part) for part in chunked(z)])
        share = (latents.gate / latents.gate.sum(dim=0).clamp(min=TINY)).unsqueeze(-1)
        centre = (share * latents.phi).sum(dim=0)
        latent = (share * (latents.phi - centre).square()).sum(dim=(0, 2)).sqrt()
        residual = (share.squeeze(-1) * _residual(latents).square()).sum(dim=0).sqrt()
        # What is explained all but perfectly is not magnified without limit.
        residual = residual.clamp(
            min=max(EXPLAINED * float(_root_mean_square(z, lambda part: (part - bottleneck.mean)[:, :places])), TINY)
        )
        return cls(
            bottleneck, whole, latent.clamp(min=TINY), residual, _root_mean_square(z, whole.apply).clamp(min=TINY)
        )

    def coordinates(self, expertness: Expertness, z: Tensor) -> Coordinates:
        """Where ``z [N, D]`` lies."""
        return Coordinates(self, expertness, z)


class Coordinates:
    """Where rows ``z [N, D]`` lie in every space; the latents and each space are worked out once, however many repairs
    ask, and not at all where none does.
    """

    def __init__(self, spaces: Spaces, expertness: Expertness, z: Tensor) -> None:
        self.z = z
        self._spaces, self._expertness = spaces, expertness
        self._known: dict[Space, tuple[Tensor, Tensor]] = {}

    @cached_property
    def latents(self) -> Latents:
        """As ``latents_of``."""
        return latents_of(self._expertness, self._spaces.bottleneck, self.z)

    def of(self, space: Space) -> tuple[Tensor, Tensor]:
        """Scaled ``phi [N, E, L]`` and ``gate [N, E]``; differentiable."""
        if space not in self._known:
            self._known[space] = self._of(space)
        return self._known[space]

    def _of(self, space: Space) -> tuple[Tensor, Tensor]:
        spaces, z = self._spaces, self.z
        if space == "input":
            return (spaces.whole.apply(z) / spaces.input).unsqueeze(1), z.new_ones(len(z), 1)
        phi = self.latents.phi / spaces.latent.unsqueeze(-1)
        if space == "residual":
            phi = torch.cat([phi, (_residual(self.latents) / spaces.residual).unsqueeze(-1)], dim=-1)
        return phi, self.latents.gate


def latents_of(expertness: Expertness, bottleneck: Whitening, z: Tensor) -> Latents:
    """The family's own latents, or the whitened bottleneck as those of one expert."""
    latents = expertness.latents(z)
    if latents is not None:
        return latents
    phi, gate = bottleneck.apply(z).unsqueeze(1), z.new_ones(len(z), 1)
    places = z.shape[1] - expertness.unseen
    if bottleneck.width == places:
        return Latents(phi, gate, None)  # it explains all of z
    directions = (bottleneck.matrix / torch.linalg.vector_norm(bottleneck.matrix, dim=0))[:places]
    centred = (z - bottleneck.mean)[:, :places]
    residual = torch.linalg.vector_norm(centred - centred @ directions @ directions.T, dim=1)
    return Latents(phi, gate, residual.unsqueeze(1))


def _root_mean_square(z: Tensor, made: Callable[[Tensor], Tensor]) -> Tensor:
    """``[1]``: of the norms of the rows that are ``made`` of ``z [N, D]``."""
    squares = torch.cat([made(part).square().sum(dim=1) for part in chunked(z)])
    return squares.mean().sqrt().reshape(1)


def _residual(latents: Latents) -> Tensor:
    """``[N, E]``; 0 where nothing is left unexplained by construction."""
    return torch.zeros_like(latents.gate) if latents.residual is None else latents.residual
