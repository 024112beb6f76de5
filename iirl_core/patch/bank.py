"""A PatchBank: the enabled patches of a model, compiled into tensors by the space and expert in which they act."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from iirl_core.patch.kernel import kernel
from iirl_core.patch.patch import Patch, Space
from iirl_core.patch.screen import Screen

GATHERED = 2**22
"""Numbers gathered at a time to measure pairs that are near each other: 32 MiB of float64."""
CROWDED = 0.25
"""Where more of a block's pairs are near each other, all of it is measured."""

BySpace = Mapping[Space, tuple[Tensor, Tensor]]
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
    def screen(self) -> Screen:
        """Which rows they may reach."""
        return Screen(self.centres, self.widths)

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
    """``pairs [P]``, as ``Screen.near`` numbers them within ``rows``, and their ``weights [P]``."""

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

    def _blocks(self, coordinates: BySpace) -> Iterator[_Hits]:
        for group in self._groups:
            phi, gate = (each[:, group.expert] for each in coordinates[group.space])
            for rows, pairs in group.screen.near(phi):
                yield _Hits(group, rows, pairs, group.weights(phi[rows], gate[rows], pairs))

    def effects(self, coordinates: BySpace, count: int) -> Effects:
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

    def contributions(self, coordinates: BySpace, count: int) -> Tensor:
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
