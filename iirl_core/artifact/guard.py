"""The guard set: known-good rows frozen in the root artifact, which no repair along the chain may take away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from iirl_core.errors import ArtifactError
from iirl_core.patch.budget import KNOWN_GOOD
from iirl_core.reward_model import RewardModel

GUARD_FILE = "guard.safetensors"
SAME = 1e-4
"""Rows of one input that were encoded in different batches differ by less, relative to their largest number above 1."""
WINDOW = 64
"""Rows among which the next one is looked for first."""


def guard_metrics(rewards: Tensor) -> dict[str, float]:
    """What a manifest says of the guard set's ``rewards [G]``, to six digits: their mean, and the known-good share."""
    found = {
        "guard_reward_mean": float(rewards.double().mean()),
        "guard_reward_known_good": float((rewards >= KNOWN_GOOD).double().mean()),
    }
    return {name: float(f"{value:.6g}") for name, value in found.items()}


@dataclass(frozen=True, eq=False)
class Guard:
    """``z [G, D]``, encoded rows of held-out demonstrations; ``root_rewards [G]``, what the unpatched root gave them;
    ``known_good [K, D]``, rows of training demonstrations that repairs also measure against (K may be 0).

    Raises:
        ArtifactError: shapes do not fit, the guard set is empty, or a value is not finite.
    """

    z: Tensor
    root_rewards: Tensor
    known_good: Tensor

    def __post_init__(self) -> None:
        shapes = list(self.z.shape), list(self.root_rewards.shape), list(self.known_good.shape)
        fits = self.z.ndim == 2 and self.known_good.ndim == 2 and self.z.shape[1] == self.known_good.shape[1]
        if not fits or len(self.z) == 0 or self.root_rewards.shape != self.z.shape[:1]:
            raise ArtifactError("guard set of shapes {}, {}, {}".format(*shapes), "[G, D], [G], [K, D] with G ≥ 1")
        if not all(bool(torch.isfinite(tensor).all()) for tensor in (self.z, self.root_rewards, self.known_good)):
            raise ArtifactError("a guard set with NaN or infinity", "finite numbers")

    @classmethod
    def of(cls, model: RewardModel, z: Tensor, known_good: Tensor | None = None) -> Guard:
        """The guard set of a new root: its rewards are what ``model`` without patches gives."""
        with torch.no_grad():
            rewards = model.rows(z).unpatched
        return cls(z.detach(), rewards, z[:0] if known_good is None else known_good.detach())

    def given(self, rows: Tensor) -> Tensor:
        """``[M]``: what the root gave ``rows [M, D]``, some of its own in their order, perhaps others among them;
        NaN for those.
        """
        found = _places(rows, self.z)
        return torch.where(found >= 0, self.root_rewards[found.clamp(min=0)], torch.nan)

    def save(self, folder: Path) -> None:
        """Write ``guard.safetensors`` into ``folder``."""
        tensors = {"z": self.z, "root_rewards": self.root_rewards, "known_good": self.known_good}
        save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, folder / GUARD_FILE)

    @classmethod
    def load(cls, folder: Path) -> Guard:
        """The inverse of ``save``.

        Raises:
            ArtifactError: the file is not a guard set.
        """
        try:
            tensors = load_file(folder / GUARD_FILE)
            return cls(tensors["z"], tensors["root_rewards"], tensors["known_good"])
        except (KeyError, OSError, SafetensorError) as error:
            raise ArtifactError(f"{GUARD_FILE} cannot be read ({error})") from error


def _places(rows: Tensor, among: Tensor) -> Tensor:
    """``[M]``: where each of ``rows [M, D]`` lies in ``among [G, D]``, each after the one before; −1 where it does not.
    Rows are the same where they differ by no more than a batch's rounding.
    """
    slack = SAME * among.abs().amax(dim=1).clamp(min=1)
    found = torch.full((len(rows),), -1)
    start = 0
    for number, row in enumerate(rows):
        stop, width = start, WINDOW
        while found[number] < 0 and stop < len(among):
            begin, stop, width = stop, min(stop + width, len(among)), 4 * width
            near = (among[begin:stop] - row).abs().amax(dim=1) <= slack[begin:stop]
            if bool(near.any()):
                found[number] = begin + int(near.int().argmax())
        start = int(found[number]) + 1 if found[number] >= 0 else start
    return found
