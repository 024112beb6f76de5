"""Where findings lie, as the artifact sees them, so that those of one kind can be told from those of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load, save

from iirl_core.audit.finding import Finding
from iirl_core.errors import ArtifactError
from iirl_core.expertness import Episodes
from iirl_core.probe.situations import has_place
from iirl_core.reward_model import RewardModel

NOWHERE = 10.0
"""Of all coordinates of a finding that has no place, because its row is not numbers: ten times as far out as the
demonstrations, farther than a label spreads.
"""
BATCH = 256
"""Findings encoded at a time: one row of each is kept, however long their trajectories are."""


@dataclass(frozen=True, eq=False)
class Places:
    """Of F findings, in their order: ``rows [F, W]`` float32, the offending step in the artifact's whitened bottleneck;
    ``uncertainty [F]`` of the artifact there, and ``support [F]``, the part of it that is the distance from the
    demonstrations (½ at the edge of held-out ones); both in [0, 1]. A finding without a place is at ``NOWHERE``, where
    both are 1.

    Raises:
        ArtifactError: shapes do not fit, or a number is not finite.
    """

    rows: NDArray[np.float32]
    uncertainty: NDArray[np.float32]
    support: NDArray[np.float32]

    def __post_init__(self) -> None:
        columns = (self.uncertainty, self.support)
        if self.rows.ndim != 2 or any(column.shape != self.rows.shape[:1] for column in columns):
            raise ArtifactError(f"places of shape {list(self.rows.shape)}", "[F, W], and two numbers for each finding")
        if not all(np.isfinite(column).all() for column in (self.rows, *columns)):
            raise ArtifactError("places of findings that are not finite", "finite numbers")

    @property
    def spread(self) -> float:
        """How widely the demonstrations lie, √W: whitened, they have unit variance in each direction."""
        return float(np.sqrt(self.rows.shape[1]))

    def to_bytes(self) -> bytes:
        """As safetensors."""
        columns = {"rows": self.rows, "uncertainty": self.uncertainty, "support": self.support}
        return bytes(save({name: torch.from_numpy(np.ascontiguousarray(column)) for name, column in columns.items()}))

    @classmethod
    def from_bytes(cls, data: bytes) -> Places:
        """The inverse of ``to_bytes``.

        Raises:
            ArtifactError: these bytes are no places.
        """
        try:
            tensors = load(data)
            return cls(*(tensors[name].numpy() for name in ("rows", "uncertainty", "support")))
        except (KeyError, SafetensorError) as error:
            raise ArtifactError(f"the places of the findings cannot be read ({error})") from error


@torch.no_grad()
def places_of(model: RewardModel, findings: Sequence[Finding]) -> Places:
    """Encode the findings' offenders, ``BATCH`` at a time. Where the artifact's uncertainty is no number it is 1.

    Raises:
        InputError: a finding's input is not of the model's kind.
    """
    width = model.spaces.bottleneck.width
    parts = [_places(model, findings[start : start + BATCH]) for start in range(0, len(findings), BATCH)]
    table = torch.cat([torch.zeros(0, width + 2), *parts]).numpy()
    return Places(table[:, :width], table[:, width], table[:, width + 1])


def _places(model: RewardModel, findings: Sequence[Finding]) -> torch.Tensor:
    """``[F, W + 2]``."""
    encoded = model.encoder.encode([finding.offender for finding in findings])
    starts = np.cumsum([0, *encoded.lengths[:-1]])
    at = torch.tensor([start + finding.step for start, finding in zip(starts.tolist(), findings, strict=True)])
    read = model.rows(encoded.z, Episodes(encoded.lengths, encoded.absorbed))
    known = torch.stack([read.uncertainty[at], read.support_distance[at]], dim=1).nan_to_num(nan=1.0)
    rows = model.spaces.bottleneck.apply(encoded.z[at])
    there = torch.from_numpy(has_place(rows.numpy()))[:, None]
    return torch.cat([torch.where(there, rows, NOWHERE), torch.where(there, known, 1.0)], dim=1)
