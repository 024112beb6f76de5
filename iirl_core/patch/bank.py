"""A PatchBank: the enabled patches of a model, compiled into tensors by the space and expert in which they act."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from iirl_core.patch.kernel import kernel
from iirl_core.patch.patch import Patch, Space

BLOCK = 2**18
"""Distances held in memory at a time: 2 MiB of float64, so that they stay in the cache."""

Coordinates = Mapping[Space, tuple[Tensor, Tensor]]
"""By space: ``phi [N, E, L]`` and ``gate [N, E]``, as ``RewardModel.space`` gives them."""


@dataclass(frozen=True, eq=False)
class Effects:
    """What all enabled patches do to N rows, before the clip; both ``[N]`` and ≥ 0."""

    suppressed: Tensor
    boosted: Tensor


@dataclass(frozen=True, eq=False)
class _Group:
    """K patches that share a space and an expert: ``centres [K, L]``, ``widths [K]``, ``strengths [K, 2]`` (suppress,
    boost), and ``columns [K]``, their places among all patches.
    """

    space: Space
    expert: int
    centres: Tensor
    widths: Tensor
    strengths: Tensor
    columns: Tensor

    def weights(self, phi: Tensor, gate: Tensor) -> Tensor:
        """``phi [N, L]``, ``gate [N]`` → ``[N, K]``: w_e·K(‖φ − c‖/h), in float64.

        Pairwise differences, not the expanded square: what else is in the batch changes nothing.
        """
        centres, widths = self.centres.to(phi.device), self.widths.to(phi.device)
        distance = torch.cdist(phi.double(), centres, compute_mode="donot_use_mm_for_euclid_dist")
        return gate.double().unsqueeze(1) * kernel(distance / widths)


class PatchBank:
    """Evaluates patches over rows; differentiable in ``phi`` and ``gate``."""

    def __init__(self, patches: Sequence[Patch]) -> None:
        self.patches = tuple(patches)
        grouped: dict[tuple[Space, int], list[int]] = {}
        for index, patch in enumerate(self.patches):
            if patch.enabled:
                grouped.setdefault((patch.space, patch.expert), []).append(index)
        self._groups = tuple(self._compile(space, expert, columns) for (space, expert), columns in grouped.items())
        self.spaces: tuple[Space, ...] = tuple(dict.fromkeys(group.space for group in self._groups))
        """The spaces that ``effects`` needs coordinates of."""

    def _compile(self, space: Space, expert: int, columns: list[int]) -> _Group:
        chosen = [self.patches[column] for column in columns]
        return _Group(
            space,
            expert,
            torch.tensor([patch.centre for patch in chosen], dtype=torch.float64),
            torch.tensor([patch.width for patch in chosen], dtype=torch.float64),
            torch.tensor(
                [[p.strength * (p.effect == "suppress"), p.strength * (p.effect == "boost")] for p in chosen],
                dtype=torch.float64,
            ),
            torch.tensor(columns),
        )

    def _blocks(self, coordinates: Coordinates) -> Iterator[tuple[_Group, slice, Tensor]]:
        for group in self._groups:
            phi, gate = coordinates[group.space]
            step = max(1, BLOCK // len(group.widths))
            for start in range(0, len(phi), step):
                rows = slice(start, start + step)
                yield group, rows, group.weights(phi[rows, group.expert], gate[rows, group.expert])

    def effects(self, coordinates: Coordinates, count: int) -> Effects:
        """The summed effects on ``count`` rows, in constant memory however many patches there are."""
        by_group: dict[int, list[Tensor]] = {}
        for group, _, weights in self._blocks(coordinates):
            by_group.setdefault(id(group), []).append(weights @ group.strengths.to(weights.device))
        sums = [torch.cat(parts) for parts in by_group.values()]
        total = torch.stack(sums).sum(dim=0) if sums else torch.zeros(count, 2, dtype=torch.float64)
        return Effects(total[:, 0].float(), total[:, 1].float())

    def contributions(self, coordinates: Coordinates, count: int) -> Tensor:
        """``[count, K]`` float64 ≥ 0: what each patch (in the order of ``patches``; 0 for disabled ones) does to each
        row, before the clip. Holds all of it: ask for few rows at a time.
        """
        table = torch.zeros(count, len(self.patches), dtype=torch.float64)
        for group, rows, weights in self._blocks(coordinates):
            table[rows, group.columns] = weights.detach().cpu() * group.strengths.sum(dim=1)
        return table
