"""What a RewardModel says of N rows, in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Rows:
    """All ``[N]`` float32 but ``gate [N, E]``; differentiable in z while grad is enabled.

    ``signal`` is what the head gives for what it sees; ``unpatched`` is m_ψ(S_θ) as training left it, ``reshaped`` what
    other repairs than patches add to it; ``reward`` is ``clip(unpatched + reshaped − suppressed + boosted, 0, 1)``;
    ``disagreement`` and ``support_distance`` are the two parts of the uncertainty, each in [0, 1].
    """

    signal: Tensor
    unpatched: Tensor
    reshaped: Tensor
    suppressed: Tensor
    boosted: Tensor
    reward: Tensor
    disagreement: Tensor
    support_distance: Tensor
    gate: Tensor

    @property
    def uncertainty(self) -> Tensor:
        """``[N]`` in [0, 1]: the larger of the two parts."""
        return torch.maximum(self.disagreement, self.support_distance)

    def part(self, rows: slice) -> Rows:
        """Some of the rows."""
        return Rows(*(getattr(self, column.name)[rows] for column in fields(self)))

    @staticmethod
    def join(parts: Sequence[Rows]) -> Rows:
        """One after the other."""
        return Rows(*(torch.cat([getattr(part, column.name) for part in parts]) for column in fields(Rows)))
