"""A Patch: a local correction of the reward, as data (where, how much, how wide, why)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from iirl_core.canonical import digest_json
from iirl_core.errors import ArtifactError

Space = Literal["latent", "residual", "input"]
"""Where distances are measured. ``latent``: one expert's bottleneck, weighted by its gate (without experts: the
whitened bottleneck, weight 1). ``residual``: that latent with the norm of what the expert did not explain appended.
``input``: the whitened z itself, weight 1."""
SPACES: tuple[Space, ...] = ("latent", "residual", "input")

Effect = Literal["suppress", "boost"]


@dataclass(frozen=True)
class Patch:
    """One compact kernel: ``∓ strength · w_expert(x) · K((φ_expert(x) − centre) / width)``, summed before one clip.

    ``findings`` and ``norms`` say why; ``round`` says when. Disabled patches stay on record and do nothing.

    Raises:
        ArtifactError: a number is not finite, or width or strength is not positive.
    """

    effect: Effect
    space: Space
    expert: int
    centre: tuple[float, ...]
    width: float
    strength: float
    findings: tuple[str, ...]
    norms: tuple[str, ...]
    round: int
    enabled: bool = True

    def __post_init__(self) -> None:
        numbers = (*self.centre, self.width, self.strength)
        if not all(math.isfinite(number) for number in numbers) or self.width <= 0 or self.strength <= 0:
            raise ArtifactError(
                f"patch with width {self.width} and strength {self.strength}", "finite numbers, both positive"
            )
        if self.space not in SPACES or not self.centre:
            raise ArtifactError(f"patch in space {self.space!r}", f"one of {', '.join(SPACES)}, with a centre")

    @property
    def id(self) -> str:
        """Names the correction by its content (not by whether it is enabled): ``p-`` and 12 hexadecimal digits."""
        content = [self.effect, self.space, self.expert, list(self.centre), self.width, self.strength, self.round]
        return "p-" + digest_json([*content, sorted(self.findings), sorted(self.norms)])[7:19]

    @property
    def where(self) -> str:
        """Its space in words: an expert's, but for the input, which is everybody's."""
        return self.space if self.space == "input" else f"{self.space} of expert {self.expert}"
