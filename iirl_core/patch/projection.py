"""A Projection: directions that an edit moves the latent in, and that the head sees no more.

Where an edit that must not matter (length, format, flattery) changes the reward, what it changes in z is mostly one
direction, or a few. Taken out between the encoder and the head, they cannot be rewarded, wherever the input lies:

    z′ = z − Σ_k ((z − centre)·u_k) u_k

Source: linear nullspace projection (Ravfogel et al. 2020, arXiv 2004.07667), along given differences instead of a
learnt classifier's weights. Patches and support go on measuring places in z itself, so what was repaired stays put.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from iirl_core.canonical import digest_json
from iirl_core.errors import ArtifactError

ORTHONORMAL = 1e-4
DIGITS = 7
"""Of float32."""


@dataclass(frozen=True)
class Projection:
    """``directions``: K orthonormal vectors of D numbers; ``centre`` is where the head sees a row in them afterwards.
    ``findings`` and ``norms`` say why; ``round`` says when. Disabled ones stay on record and do nothing.

    Raises:
        ArtifactError: there is no direction, widths differ, or directions are not orthonormal.
    """

    directions: tuple[tuple[float, ...], ...]
    centre: tuple[float, ...]
    findings: tuple[str, ...]
    norms: tuple[str, ...]
    round: int
    enabled: bool = True

    def __post_init__(self) -> None:
        numbers = [*self.centre, *(number for direction in self.directions for number in direction)]
        widths = {len(direction) for direction in self.directions}
        if not all(math.isfinite(number) for number in numbers) or widths != {len(self.centre)}:
            raise ArtifactError(f"a projection of {len(self.directions)} directions", "finite, as wide as its centre")
        unit = torch.tensor(self.directions, dtype=torch.float64)
        if not torch.allclose(unit @ unit.T, torch.eye(len(unit), dtype=torch.float64), atol=ORTHONORMAL):
            raise ArtifactError("directions of a projection that are not orthonormal", "unit vectors at right angles")

    @classmethod
    def of(
        cls, directions: Tensor, centre: Tensor, findings: tuple[str, ...], norms: tuple[str, ...], round_: int
    ) -> Projection:
        """From ``directions [K, D]`` and ``centre [D]``; numbers are kept to the digits of float32."""
        return cls(tuple(rounded(row) for row in directions), rounded(centre), findings, norms, round_)

    @property
    def id(self) -> str:
        """Names it by its content, as a patch's: ``d-`` and 12 hexadecimal digits."""
        content = [[list(direction) for direction in self.directions], list(self.centre), self.round]
        return "d-" + digest_json([*content, sorted(self.findings), sorted(self.norms)])[7:19]

    @property
    def effect(self) -> str:
        """In a word."""
        return "remove"

    @property
    def where(self) -> str:
        """In words."""
        return f"{len(self.directions)} of {len(self.centre)} dimensions"


@dataclass(frozen=True, eq=False)
class Removal:
    """A projection compiled: ``directions [K, D]``, ``centre [D]`` float32."""

    directions: Tensor
    centre: Tensor

    @classmethod
    def of(cls, projection: Projection) -> Removal:
        """What ``projection`` does, enabled or not."""
        return cls(torch.tensor(projection.directions), torch.tensor(projection.centre))

    def apply(self, z: Tensor) -> Tensor:
        """``[N, D]`` → ``[N, D]``; differentiable."""
        directions, centre = self.directions.to(z.device), self.centre.to(z.device)
        return z - (z - centre) @ directions.T @ directions


def rounded(numbers: Tensor) -> tuple[float, ...]:
    """``numbers [N]``, each to the digits of float32."""
    return tuple(float(f"{number:.{DIGITS}g}") for number in numbers.tolist())
