"""A discriminator of demonstrations from negatives: expertness is the log density ratio."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from iirl_core.errors import ConfigError
from iirl_core.expertness.batch import Batch
from iirl_core.expertness.bootstrap import bootstrap
from iirl_core.expertness.heads import Heads


class Discriminator(Heads):
    """A head's output is a logit; signal ``logit − log(n_E/n_neg)``: at the optimum ``log p_E(z)/p_neg(z)``, AfD's
    reward, whatever the class sizes (arXiv 2405.15624, §3). A linear head has no bias to learn the sizes with: its
    output is the signal, and the logit ``signal + log(n_E/n_neg)``.

    M heads learn from different bootstraps of the rows. ``log_ratio`` is ``log(n_E/n_neg)`` over the rows of training:
    set it with ``balance`` before training.
    """

    needs_negatives = True
    log_ratio: Tensor

    def __init__(self, width: int, hidden: int, members: int) -> None:
        super().__init__(width, hidden, members)
        self.register_buffer("log_ratio", torch.zeros(()))

    def balance(self, demonstrations: float, negatives: float) -> None:
        """Say how many (weighted) rows of each class training draws from.

        Raises:
            ConfigError: one class is empty.
        """
        if demonstrations <= 0 or negatives <= 0:
            raise ConfigError(
                f"a discriminator of {demonstrations:g} demonstrations from {negatives:g} negatives", "both > 0"
            )
        self.log_ratio.fill_(math.log(demonstrations / negatives))

    def signals(self, z: Tensor) -> Tensor:
        """``[M, N]``: each member's estimate of the log density ratio."""
        return self.outputs(z) if self.linear else self.outputs(z) - self.log_ratio

    def affine(self) -> tuple[Tensor, Tensor]:
        """The shift is the log ratio's."""
        shift = torch.zeros_like(self.log_ratio) if self.linear else -self.log_ratio
        return torch.ones(self.members), shift.expand(self.members)

    def loss(self, batch: Batch) -> Tensor:
        """Mean over members and (weighted, bootstrapped) rows of ``−[y·log σ(logit) + (1−y)·log(1−σ(logit))]``, and the
        length's penalty.
        """
        logits = self.outputs(batch.z) + self.log_ratio if self.linear else self.outputs(batch.z)
        target = batch.expert.to(logits.dtype).expand_as(logits)
        losses = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
        weight = (bootstrap(batch.row, self.members) * batch.weight).to(logits.dtype)
        fit = (losses * weight).sum(dim=1).div(weight.sum(dim=1).clamp(min=1e-6)).mean()
        return fit + self.length_penalty(logits, batch, weight)
