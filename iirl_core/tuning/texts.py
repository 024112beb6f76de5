"""A training batch of texts, as tokens of different lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from iirl_core.expertness.columns import joined, picked


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
        ends = np.cumsum(self.lengths)
        lengths = self.lengths[index]
        # Where each picked text starts, repeated for each of its tokens, plus the token's place in it.
        first = np.repeat((ends - self.lengths)[index] - (np.cumsum(lengths) - lengths), lengths)
        at = torch.from_numpy(index)
        ids = self.ids[first + np.arange(lengths.sum())]
        rest = (picked(column, at) for column in (self.margin, self.length, self.strength))
        return Texts(ids, lengths, self.expert[at], self.weight[at], self.row[at], *rest)

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
        """What ``Tuned.forward`` takes: ``ids [N, T]`` int64 and ``mask [N, T]`` int64 (1 where a token is real),
        padded on the right to the longest text of these, and ``expert``, ``weight``, ``row``, ``margin``, ``length``
        and ``strength``.

        What stands behind a text is id 0: the mask hides it.
        """
        mask = np.arange(self.lengths.max()) < self.lengths[:, None]
        ids = np.zeros(mask.shape, np.int64)
        ids[mask] = self.ids
        return {
            "ids": torch.from_numpy(ids),
            "mask": torch.from_numpy(mask.astype(np.int64)),
            "expert": self.expert,
            "weight": self.weight,
            "row": self.row,
            "margin": self.margin,
            "length": self.length,
            "strength": self.strength,
        }
