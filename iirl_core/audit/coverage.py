"""Coverage: where an audit asked. Its uncertainty c_a says of an input how far it is from everything that was audited.

    c_a(x) = min(1, d(x) / radius),  d(x) the distance to the nearest audited point in the whitened bottleneck

``radius`` is twice the 0.99 quantile of the distance from a held-out audited point to the others: an input like those
that were asked stays below ½, one farther than anything asked reaches 1. A high reward that nobody audited is the
classic exploit (Flywheel, arXiv 2603.02259). Where nothing that was audited has a place, it is 1 everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from iirl_core.audit.reservoir import Reservoir
from iirl_core.errors import ArtifactError
from iirl_core.reward_model import Whitening

HELD_OUT = 8
"""Every eighth point calibrates the radius."""
QUANTILE = 0.99
BLOCK = 4096
LEAST_RADIUS = 1e-6


@dataclass(frozen=True, eq=False)
class Coverage:
    """``points [K, W]`` in the coordinates of ``whitening``, and ``radius`` > 0 in the same units.

    Raises:
        ArtifactError: shapes do not fit, or a number is not finite.
    """

    whitening: Whitening
    points: Tensor
    radius: float

    def __post_init__(self) -> None:
        if self.points.ndim != 2 or self.points.shape[1] != self.whitening.width:
            raise ArtifactError(f"coverage points of shape {list(self.points.shape)}", f"[K, {self.whitening.width}]")
        if not bool(torch.isfinite(self.points).all()) or not 0 < self.radius < float("inf"):
            raise ArtifactError(f"coverage with radius {self.radius}", "finite numbers, radius > 0")

    @classmethod
    def fit(cls, whitening: Whitening, reservoir: Reservoir) -> Coverage:
        """Calibrate on the audited points themselves; deterministic."""
        points = torch.from_numpy(reservoir.points.copy()).float()
        held = torch.arange(len(points)) % HELD_OUT == HELD_OUT - 1
        if not bool(held.any()):
            return cls(whitening, points, LEAST_RADIUS)
        distances = _nearest(points[held], points[~held])
        return cls(whitening, points, max(2 * float(distances.double().quantile(QUANTILE)), LEAST_RADIUS))

    @torch.no_grad()
    def uncertainty(self, z: Tensor) -> Tensor:
        """``z [N, D]`` → c_a ``[N]`` in [0, 1]: 1 where nothing near was audited, and of what is not a number."""
        parts = [_nearest(self.whitening.apply(part), self.points) for part in torch.split(z, BLOCK)]
        return (torch.cat(parts) / self.radius).nan_to_num(nan=1.0).clamp(max=1) if parts else z.new_zeros(0)

    def to_bytes(self) -> bytes:
        """As safetensors."""
        tensors = {
            "mean": self.whitening.mean,
            "matrix": self.whitening.matrix,
            "points": self.points,
            "radius": torch.tensor(self.radius, dtype=torch.float64),
        }
        return bytes(save({name: tensor.detach().contiguous() for name, tensor in tensors.items()}))

    @classmethod
    def from_bytes(cls, data: bytes) -> Coverage:
        """The inverse of ``to_bytes``.

        Raises:
            ArtifactError: these bytes are not a coverage.
        """
        try:
            tensors = load(data)
            return cls(Whitening(tensors["mean"], tensors["matrix"]), tensors["points"], float(tensors["radius"]))
        except (KeyError, SafetensorError) as error:
            raise ArtifactError(f"the coverage cannot be read ({error})") from error


def _nearest(rows: Tensor, points: Tensor) -> Tensor:
    """``[N, W], [K, W]`` → ``[N]``, ∞ without points; pairwise differences, so that the batch changes nothing."""
    if not len(points):
        return rows.new_full((len(rows),), torch.inf)
    return torch.cdist(rows, points, compute_mode="donot_use_mm_for_euclid_dist").min(dim=1).values
