"""One training batch: rows of z, and what a loss may ask of them.

Shapes: N rows, D their width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from iirl_core.expertness.columns import joined, picked


@dataclass(frozen=True, eq=False)
class Batch:
    """One training batch: ``z [N, D]``, ``expert [N]`` (1.0 for demonstrations, 0.0 for negatives), ``weight [N]`` ≥ 0,
    and ``row [N]`` int64, the row's stable number in the corpus (the same in every epoch and on every rank), from
    which a family may derive a row's ensemble membership (bootstrap) without further state.

    A batch of comparisons holds pairs: rows 2i and 2i + 1 are the two sides of one, with numbers that differ in the
    last bit alone, and ``margin [N]`` is its preference margin (0 where none is known). None for all else.

    ``length [N]`` is the logarithm of one more than the answer's tokens, None where no loss asks for it.
    ``strength [N]`` ≥ 0 is the row's β(x, t), None where that is a constant.
    """

    z: Tensor
    expert: Tensor
    weight: Tensor
    row: Tensor
    margin: Tensor | None = None
    length: Tensor | None = None
    strength: Tensor | None = None

    def __len__(self) -> int:
        return len(self.row)

    def pick(self, index: NDArray[np.int64]) -> Batch:
        """Its rows at ``index``, in that order."""
        at = torch.from_numpy(index)
        return Batch(
            self.z[at],
            self.expert[at],
            self.weight[at],
            self.row[at],
            *(picked(column, at) for column in (self.margin, self.length, self.strength)),
        )

    @classmethod
    def joined(cls, batches: Sequence[Batch]) -> Batch:
        """One after the other."""
        return cls(
            torch.cat([batch.z for batch in batches]),
            torch.cat([batch.expert for batch in batches]),
            torch.cat([batch.weight for batch in batches]),
            torch.cat([batch.row for batch in batches]),
            joined(batch.margin for batch in batches),
            joined(batch.length for batch in batches),
            joined(batch.strength for batch in batches),
        )

    def tensors(self) -> dict[str, Tensor | None]:
        """What ``Expertness.forward`` takes."""
        return {
            "z": self.z,
            "expert": self.expert,
            "weight": self.weight,
            "row": self.row,
            "margin": self.margin,
            "length": self.length,
            "strength": self.strength,
        }
