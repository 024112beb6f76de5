"""A Ball: where a repair acts, whole within its core and falling smoothly to nothing at its radius."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from iirl_core.errors import ArtifactError
from iirl_core.patch.kernel import kernel
from iirl_core.patch.patch import SPACES, Space


@dataclass(frozen=True)
class Ball:
    """``centre`` and distances are in one expert's coordinates of a space, as a patch's are; 0 ≤ ``core`` < ``radius``.

    Raises:
        ArtifactError: a number is not finite, or they are not such.
    """

    space: Space
    expert: int
    centre: tuple[float, ...]
    core: float
    radius: float

    def __post_init__(self) -> None:
        finite = all(math.isfinite(number) for number in (*self.centre, self.core, self.radius))
        if not finite or not 0 <= self.core < self.radius or self.expert < 0:
            raise ArtifactError(f"a ball with core {self.core} and radius {self.radius}", "finite, 0 ≤ core < radius")
        if self.space not in SPACES or not self.centre:
            raise ArtifactError(f"a ball in space {self.space!r}", f"one of {', '.join(SPACES)}, with a centre")

    def weight(self, phi: Tensor, gate: Tensor) -> Tensor:
        """``phi [N, E, L]`` and ``gate [N, E]`` → ``[N]`` in [0, 1]: the expert's gate within the core, exactly 0 from
        the radius on, twice differentiable between.
        """
        away = torch.linalg.vector_norm(phi[:, self.expert] - phi.new_tensor(self.centre), dim=1)
        return gate[:, self.expert] * kernel(((away - self.core) / (self.radius - self.core)).clamp(min=0))
