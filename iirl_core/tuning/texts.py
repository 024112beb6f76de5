"""A training batch of texts, as tokens of different lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Texts:
    """N texts: ``lengths [N]`` ≥ 1, ``ids [sum(lengths)]`` int32, one text after the other; ``expert``, ``weight``,
    ``row``, ``margin`` and ``length`` as in ``expertness.Batch``.
    """

    ids: NDArray[np.int32]
    lengths: NDArray[np.int64]
    expert: Tensor
    weight: Tensor
    row: Tensor
    margin: Tensor | None = None
    length: Tensor | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    def pick(self, index: NDArray[np.int64]) -> Texts:
        """Those at ``index``, in that order."""
        ends = np.cumsum(self.lengths)
        lengths = self.lengths[index]
        # Where each picked text starts, repeated for each of its tokens, plus the token's place in it.
        first = np.repeat((ends - self.lengths)[index] - (np.cumsum(lengths) - lengths), lengths)
        at = torch.from_numpy(index)
        margin = None if self.margin is None else self.margin[at]
        length = None if self.length is None else self.length[at]
        ids = self.ids[first + np.arange(lengths.sum())]
        return Texts(ids, lengths, self.expert[at], self.weight[at], self.row[at], margin, length)

    @classmethod
    def joined(cls, pieces: Sequence[Texts]) -> Texts:
        """One after the other."""
        margins = [piece.margin for piece in pieces if piece.margin is not None]
        answers = [piece.length for piece in pieces if piece.length is not None]
        return cls(
            np.concatenate([piece.ids for piece in pieces]),
            np.concatenate([piece.lengths for piece in pieces]),
            torch.cat([piece.expert for piece in pieces]),
            torch.cat([piece.weight for piece in pieces]),
            torch.cat([piece.row for piece in pieces]),
            torch.cat(margins) if margins else None,
            torch.cat(answers) if answers else None,
        )

    def tensors(self) -> dict[str, Tensor | None]:
        """What ``Tuned.forward`` takes: ``ids [N, T]`` int64 and ``mask [N, T]`` int64 (1 where a token is real),
        padded on the right to the longest text of these, and ``expert``, ``weight``, ``row``, ``margin`` and
        ``length``.

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
        }
