"""A training batch of texts, as tokens of different lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from iirl_core.expertness.columns import joined, picked
from iirl_core.tuning.ragged import padded, picked_ids


@dataclass(frozen=True, eq=False)
class Texts:
    """N texts: ``lengths [N]`` ≥ 1, ``ids [sum(lengths)]`` int32, one text after the other; ``expert``, ``weight``,
    ``row``, ``margin``, ``length`` and ``strength`` as in ``expertness.Batch``.
    """

    ids: NDArray[np.int32]
    lengths: NDArray[np.int64]
    expert: Tensor
    weight: Tensor
    row: Tensor
    margin: Tensor | None = None
    length: Tensor | None = None
    strength: Tensor | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    def pick(self, index: NDArray[np.int64]) -> Texts:
        """Those at ``index``, in that order."""
        at = torch.from_numpy(index)
        ids = picked_ids(self.ids, self.lengths, index)
        rest = (picked(column, at) for column in (self.margin, self.length, self.strength))
        return Texts(ids, self.lengths[index], self.expert[at], self.weight[at], self.row[at], *rest)

    @classmethod
    def joined(cls, pieces: Sequence[Texts]) -> Texts:
        """One after the other."""
        return cls(
            np.concatenate([piece.ids for piece in pieces]),
            np.concatenate([piece.lengths for piece in pieces]),
            torch.cat([piece.expert for piece in pieces]),
            torch.cat([piece.weight for piece in pieces]),
            torch.cat([piece.row for piece in pieces]),
            joined(piece.margin for piece in pieces),
            joined(piece.length for piece in pieces),
            joined(piece.strength for piece in pieces),
        )

    def tensors(self) -> dict[str, Tensor | None]:
        """What ``Tuned.forward`` takes: ``ids`` and ``mask`` ``[N, T]`` (``padded``), and ``expert``, ``weight``,
        ``row``, ``margin``, ``length`` and ``strength``.
        """
        ids, mask = padded(self.ids, self.lengths)
        return {
            "ids": ids,
            "mask": mask,
            "expert": self.expert,
            "weight": self.weight,
            "row": self.row,
            "margin": self.margin,
            "length": self.length,
            "strength": self.strength,
        }
