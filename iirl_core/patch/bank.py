"""A PatchBank: the enabled patches of a model, compiled into tensors by the space and expert in which they act."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from iirl_core.patch.kernel import kernel
from iirl_core.patch.patch import Patch, Space

BLOCK = 2**19
"""Pairs of a row and a patch that are screened at a time: 2 MiB of float32, so that they stay in the cache."""
GATHERED = 2**22
"""Numbers gathered at a time to measure pairs that are near each other: 32 MiB of float64."""
CROWDED = 0.25
"""Where more of a block's pairs are near each other, all of it is measured."""

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

    @cached_property
    def screen(self) -> Tensor:
        """``[L + 2, K]`` float32: what ``[−2φ, ‖φ‖², 1]`` is multiplied by for ``‖φ − c‖²/h²``, less all that float32
        may be wrong by, coordinates being counted from ``origin``. |2φ·c| ≤ ‖φ‖² + ‖c‖², so a part of these two bounds
        the rounding of a sum of L + 2 products (Higham 2002, §3.1).
        """
        centres, square = self.centres - self.origin, self.widths.square()
        norms = (1 - self._slack) * centres.square().sum(dim=1)
        rows = torch.cat([centres.T, torch.ones_like(norms)[None], norms[None]]) / square
        return rows.float()

    @cached_property
    def origin(self) -> Tensor:
        """``[L]``: the middle of the centres."""
        return self.centres.mean(dim=0)

    @property
    def _slack(self) -> float:
        return 8 * (self.centres.shape[1] + 4) * 2.0**-24

    def near(self, phi: Tensor, room: Tensor) -> Tensor:
        """``phi [N, L]`` → numbers ``row·K + patch`` of all pairs that are within a width of each other, and few more;
        ``room`` holds at least N·K float32 on the same device.
        """
        here = phi.double() - self.origin.to(phi.device)
        norms = here.square().sum(dim=1, keepdim=True)
        left = torch.cat([-2 * here, (1 - self._slack) * norms, torch.ones_like(norms)], dim=1).float()
        patches = len(self.widths)
        lower = room[: len(phi) * patches].view(len(phi), patches)
        torch.mm(left, self.screen.to(phi.device), out=lower)
        if lower.is_cuda:
            return (lower >= 1).logical_not_().flatten().nonzero().squeeze(1)
        # What is no number is looked at. NumPy compares ten times as fast as torch does on a CPU.
        return torch.from_numpy(np.flatnonzero(~np.greater_equal(lower.numpy(), 1)))

    def weights(self, phi: Tensor, gate: Tensor, pairs: Tensor) -> Tensor:
        """``phi [N, L]``, ``gate [N]`` → of each pair w_e·K(‖φ − c‖/h), in float64.

        Pairwise differences, not the expanded square: what else is in the batch changes nothing.
        """
        centres, widths = self.centres.to(phi.device), self.widths.to(phi.device)
        patches = len(widths)
        if len(pairs) > CROWDED * len(phi) * patches:
            distance = torch.cdist(phi.double(), centres, compute_mode="donot_use_mm_for_euclid_dist")
            return (gate.double().unsqueeze(1) * kernel(distance / widths)).flatten()[pairs]
        parts = []
        for some in torch.split(pairs, max(1, GATHERED // phi.shape[1])):
            row, patch = some // patches, some % patches
            distance = torch.linalg.vector_norm(phi[row].double() - centres[patch], dim=1)
            parts.append(gate[row].double() * kernel(distance / widths[patch]))
        return torch.cat(parts)


@dataclass(frozen=True, eq=False)
class _Hits:
    """``pairs [P]``, as ``_Group.near`` numbers them within ``rows``, and their ``weights [P]``."""

    group: _Group
    rows: slice
    pairs: Tensor
    weights: Tensor


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

    def _blocks(self, coordinates: Coordinates) -> Iterator[_Hits]:
        for group in self._groups:
            phi, gate = (each[:, group.expert] for each in coordinates[group.space])
            patches = len(group.widths)
            step = max(1, BLOCK // patches)
            room = torch.empty(min(step, len(phi)) * patches, device=phi.device)
            for start in range(0, len(phi), step):
                rows = slice(start, start + step)
                pairs = group.near(phi[rows].detach(), room)
                yield _Hits(group, rows, pairs, group.weights(phi[rows], gate[rows], pairs))

    def effects(self, coordinates: Coordinates, count: int) -> Effects:
        """The summed effects on ``count`` rows, in constant memory however many patches there are: pairs are screened
        by one product in float32, and those that may be near each other measured exactly.
        """
        by_group: dict[int, list[Tensor]] = {}
        for hits in self._blocks(coordinates):
            patches = len(hits.group.widths)
            each = hits.weights.unsqueeze(1) * hits.group.strengths.to(hits.weights.device)[hits.pairs % patches]
            none = each.new_zeros(len(range(count)[hits.rows]), 2)
            by_group.setdefault(id(hits.group), []).append(none.index_add(0, hits.pairs // patches, each))
        sums = [torch.cat(parts) for parts in by_group.values()]
        total = torch.stack(sums).sum(dim=0) if sums else torch.zeros(count, 2, dtype=torch.float64)
        return Effects(total[:, 0].float(), total[:, 1].float())

    def contributions(self, coordinates: Coordinates, count: int) -> Tensor:
        """``[count, K]`` float64 ≥ 0: what each patch (in the order of ``patches``; 0 for disabled ones) does to each
        row, before the clip. Holds all of it: ask for few rows at a time.
        """
        table = torch.zeros(count, len(self.patches), dtype=torch.float64)
        for hits in self._blocks(coordinates):
            patches, pairs = len(hits.group.widths), hits.pairs.cpu()
            patch = pairs % patches
            each = hits.weights.detach().cpu() * hits.group.strengths.sum(dim=1)[patch]
            table[hits.rows.start + pairs // patches, hits.group.columns[patch]] = each
        return table
