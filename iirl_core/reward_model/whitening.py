"""PCA whitening of z: coordinates in which the demonstrations have unit variance in every direction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor
from torch.nn import functional

from iirl_core.errors import ArtifactError

FLOOR = 1e-2
"""Variances are floored at this share of the largest: no direction is stretched more than tenfold against another, so
that one in which the demonstrations hardly vary does not drown the rest."""


CHUNK = 2**26
"""Numbers of z that are worked on at a time: all rows of a large backbone would take their bytes many times over."""


def chunked(z: Tensor) -> tuple[Tensor, ...]:
    """``z [N, D]`` in parts of at most ``CHUNK`` numbers (at least a row each); at least one part."""
    return torch.split(z, max(1, CHUNK // max(1, z.shape[1])))


def sum_of(parts: Iterable[Tensor]) -> Tensor:
    """Of one shape; at least one."""
    return reduce(torch.add, parts)


def _products(rows: Tensor) -> Tensor:
    return rows.T @ rows


@dataclass(frozen=True, eq=False)
class Whitening:
    """``(z − mean) @ matrix``: ``mean [D]``, ``matrix [D, W]`` float32, principal directions in order of variance."""

    mean: Tensor
    matrix: Tensor

    def __post_init__(self) -> None:
        if self.matrix.ndim != 2 or self.mean.shape != self.matrix.shape[:1]:
            raise ArtifactError(
                f"whitening with mean {list(self.mean.shape)}, matrix {list(self.matrix.shape)}", "[D] and [D, W]"
            )

    @classmethod
    def fit(cls, z: Tensor, dimensions: int = 16, unseen: int = 0) -> Whitening:
        """From demonstrations ``[N, D]``; keeps W = min(D, ``dimensions``). The last ``unseen`` columns have no part in
        it: their rows of the matrix are 0.
        """
        parts = [part[:, : z.shape[1] - unseen] for part in chunked(z.detach())]
        mean = sum_of(part.double().sum(dim=0) for part in parts) / len(z)
        covariance = sum_of(_products(part.double() - mean) for part in parts) / len(z)
        variances, directions = torch.linalg.eigh(covariance)
        variances, directions = variances.flip(0)[:dimensions], directions.flip(1)[:, :dimensions]
        # An eigenvector's sign is arbitrary: its largest component is made positive.
        largest = directions.abs().argmax(dim=0, keepdim=True)
        directions = directions * directions.gather(0, largest).sign()
        floored = variances.clamp(min=max(FLOOR * float(variances[0]), 1e-12))
        matrix = (directions / floored.sqrt()).float()
        return cls(functional.pad(mean.float(), (0, unseen)), functional.pad(matrix, (0, 0, 0, unseen)))

    @property
    def width(self) -> int:
        """W."""
        return self.matrix.shape[1]

    def apply(self, z: Tensor) -> Tensor:
        """``[N, D]`` → ``[N, W]``, differentiable."""
        return (z - self.mean) @ self.matrix
