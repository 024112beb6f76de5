"""Where the demonstrations are: the distance of a row from their support, calibrated to [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from iirl_core.errors import ArtifactError

POINTS = 512
NEIGHBOURS = 5
CANDIDATES = 20_000
QUANTILE = 0.99


@dataclass(frozen=True, eq=False)
class Support:
    """``points [P, W]``, at most 512 demonstrations in whitened coordinates, and ``scale`` > 0, the 0.99 quantile of
    held-out demonstrations' distances. The distance of a row is that to its fifth nearest point, so that one outlier
    reassures nobody (deep nearest neighbours, Sun et al. 2022, arXiv 2204.06507).
    """

    points: Tensor
    scale: float

    def __post_init__(self) -> None:
        if self.points.ndim != 2 or len(self.points) == 0 or not self.scale > 0:
            raise ArtifactError(f"support of {list(self.points.shape)} points, scale {self.scale}", "[P, W], scale > 0")

    @classmethod
    def fit(cls, points: Tensor, guard: Tensor) -> Support:
        """From whitened demonstrations ``[N, W]`` and held-out ones ``[G, W]``; deterministic."""
        generator = torch.Generator().manual_seed(0)
        candidates = points.detach()[torch.randperm(len(points), generator=generator)[:CANDIDATES]]
        chosen = candidates[_spread_out(candidates, POINTS)].float().contiguous()
        distances = _nearest(guard.detach().float()[:CANDIDATES], chosen)
        return cls(chosen, max(float(distances.double().quantile(QUANTILE)), 1e-6))

    def distance(self, whitened: Tensor) -> Tensor:
        """``[N, W]`` → ``[N]`` in [0, 1): ``d/(d + scale)``, ½ at the edge of the held-out demonstrations."""
        distances = _nearest(whitened, self.points)
        return distances / (distances + self.scale)


def _nearest(rows: Tensor, points: Tensor) -> Tensor:
    """``[N, W], [P, W]`` → ``[N]``, the distance to the fifth nearest point (or the farthest of fewer)."""
    distances = torch.cdist(rows, points, compute_mode="donot_use_mm_for_euclid_dist")
    return distances.kthvalue(min(NEIGHBOURS, len(points)), dim=1).values


def _spread_out(rows: Tensor, count: int) -> Tensor:
    """Indices of ``count`` rows by farthest-point sampling from the first (Gonzalez 1985): a cover, not a sample."""
    chosen = [0]
    nearest = torch.full((len(rows),), torch.inf)
    for _ in range(min(count, len(rows)) - 1):
        nearest = torch.minimum(nearest, torch.linalg.vector_norm(rows - rows[chosen[-1]], dim=1))
        chosen.append(int(nearest.argmax()))
    return torch.tensor(chosen)
