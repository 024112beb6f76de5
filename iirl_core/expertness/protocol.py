"""What an expertness family is: a torch module z → signal S_θ(z), an ensemble of M members in one batched module.

Shapes: N rows, D their width, M members, E experts, L the size of a latent.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from iirl_core.config.expertness import Combine
from iirl_core.errors import InputError
from iirl_core.expertness.batch import Batch
from iirl_core.expertness.combining import combined
from iirl_core.expertness.episodes import Episodes
from iirl_core.expertness.length import length_correlation


@dataclass(frozen=True, eq=False)
class Latents:
    """Where patches act: ``phi [N, E, L]``, each expert's bottleneck, and ``gate [N, E]``, its weight (rows sum to 1).

    ``residual [N, E]`` is the norm of what each expert did not explain, or None where that has no meaning.
    """

    phi: Tensor
    gate: Tensor
    residual: Tensor | None

    @staticmethod
    def joined(parts: Sequence[Latents]) -> Latents:
        """One after the other; at least one."""
        residuals = [part.residual for part in parts if part.residual is not None]
        return Latents(
            torch.cat([part.phi for part in parts]),
            torch.cat([part.gate for part in parts]),
            torch.cat(residuals) if residuals else None,
        )


class Expertness(nn.Module, ABC):
    """One family of S_θ. Construction is cheap, and deterministic given torch's seed."""

    needs_negatives: bool
    """Whether the loss needs rows with ``expert == 0``."""
    needs_pairs: bool = False
    """Whether the loss needs a batch's rows to be pairs, the two sides of comparisons."""
    whole_episodes: bool = False
    """Whether a row's signal depends on the other rows of its input: it is then the row's credit for what the whole
    input is worth, and their mean is the input's signal."""
    unseen: int = 0
    """Columns at the end of z that are no place: patches, whitening and support do not look at them."""
    length_debias: float = 0.0
    """Weight of ``length_penalty`` in the loss; above 0 a batch needs ``length``."""

    combine: Combine = "mean"
    """What ``combined`` makes of the members' signals."""

    @property
    @abstractmethod
    def members(self) -> int:
        """M ≥ 1."""

    @abstractmethod
    def signals(self, z: Tensor) -> Tensor:
        """``[M, N]``: each member's signal; the model's is their ``combined`` one. Higher is more expert-like."""

    def credit(self, z: Tensor, episodes: Episodes) -> Tensor:  # noqa: ARG002 - most families look at a row alone
        """``[M, N]``: as ``signals``, of rows that lie together as ``episodes`` says."""
        return self.signals(z)

    def combined(self, signals: Tensor) -> Tensor:
        """``[M, N]`` of ``signals`` or ``credit`` → ``[N]``, the model's signal."""
        return combined(signals, self.combine)

    @abstractmethod
    def loss(self, batch: Batch) -> Tensor:
        """The scalar that training minimises, averaged over the batch by weight; the docstring states its equation."""

    def forward(
        self,
        z: Tensor,
        expert: Tensor,
        weight: Tensor,
        row: Tensor,
        margin: Tensor | None = None,
        *,
        length: Tensor | None = None,
        strength: Tensor | None = None,
        judged: bool = False,
    ) -> Tensor:
        """The training step's entry, so that any engine can wrap the module: the loss of one batch, or its
        ``measures`` where it is ``judged``. Rows of z are taken in the precision of the parameters.
        """
        own = next(self.parameters(), None)
        batch = Batch(z if own is None else z.to(own.dtype), expert, weight, row, margin, length, strength)
        return self.measures(batch) if judged else self.loss(batch)

    def measures(self, batch: Batch) -> Tensor:
        """``[3]``: the loss, how often the signal is right, and the weight of the rows (of the comparisons) behind
        both. Right is, of a comparison, the higher signal on the chosen side (a tie is half right); of two classes, a
        signal above 0 for demonstrations alone; of one class there is no right: NaN.
        """
        signal, weight = self.combined(self.signals(batch.z)), batch.weight
        if self.needs_pairs:
            side = (2 * batch.expert - 1).to(signal.dtype)
            right = ((signal * side).reshape(-1, 2).sum(dim=1).sign() + 1) / 2
            weight = weight.reshape(-1, 2).mean(dim=1)
        elif self.needs_negatives:
            right = ((signal > 0) == (batch.expert > 0.5)).to(signal.dtype)
        else:
            right = torch.full_like(signal, math.nan)
        total = weight.sum()
        return torch.stack([self.loss(batch), (right * weight).sum() / total.clamp(min=1e-6), total])

    def length_penalty(self, signals: Tensor, batch: Batch, weight: Tensor) -> Tensor:
        """What a loss adds for ``signals [M, N]`` that go with length: ``length_debias·ρ²``, averaged over the members,
        with ρ the correlation of signal and ``batch.length`` under ``weight [M, N]`` (``length_correlation``). 0 where
        ``length_debias`` is.

        Raises:
            InputError: the batch does not say how long its answers are.
        """
        if not self.length_debias:
            return signals.new_zeros(())
        if batch.length is None:
            raise InputError("rows without the length of their answers", "lengths: length_debias asks for them")
        length = batch.length.to(signals.dtype)
        return self.length_debias * length_correlation(signals, length, weight).square().mean()

    @abstractmethod
    def latents(self, z: Tensor) -> Latents | None:
        """The experts' own bottlenecks, or None for a family without them (its patches use the whitened space)."""


class LearntInOnePass(Expertness):
    """A family whose best parameters have a closed form: nothing descends, one pass over the rows is all."""

    @abstractmethod
    def learn(self, batches: Iterable[Batch]) -> None:
        """Set the parameters; each row comes once.

        Raises:
            ConfigError: there is nothing to learn from.
        """
