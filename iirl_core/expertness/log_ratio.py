"""Log-ratio of two language models: expertness is how much likelier imitation has made an answer."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional

from iirl_core.errors import ConfigError
from iirl_core.expertness.batch import Batch
from iirl_core.expertness.protocol import Latents, LearntInOnePass

FLAT = 0.01
"""Below this variance of log length (answers within about a tenth of each other) no line is drawn: what chance makes of
so short a piece would be carried far beyond it."""


class LogRatio(LearntInOnePass):
    """Signal ``log π_SFT(y|x) − log π_init(y|x)``, summed over the answer's tokens: the last column of z, which the
    encoder computes (``RatioEncoder``).

    For exact policies and classes of equal size it is the logit of the best discriminator of π_SFT's answers from
    π_init's, AfD's Init-SFT (arXiv 2405.15624, §3); else an estimate of it. It is a sum over tokens, so a longer answer
    has the larger one, to either side. With ``debias`` δ in (0, 1] the signal is ``ratio − δ·slope·(ℓ − middle)``: ℓ is
    the logarithm of one more than the answer's tokens, the column before the last, ``slope`` (nats for a unit of ℓ) is
    that of the least squares line through the demonstrations, and ``middle`` their mean ℓ.

    It has no latent of its own: those columns are ``unseen`` by patches, which act where the encoder's other columns
    put a text.
    """

    needs_negatives = False
    unseen = 1
    slope: Tensor
    middle: Tensor

    def __init__(self, debias: float = 0.0) -> None:
        super().__init__()
        self.debias = debias
        if debias:
            self.unseen = 2
            self.register_buffer("slope", torch.zeros(()))
            self.register_buffer("middle", torch.zeros(()))

    @property
    def members(self) -> int:
        """1: one pair of models."""
        return 1

    def learn(self, batches: Iterable[Batch]) -> None:
        """Both models were learnt elsewhere; what is left is the line, by weight, where there is to be one.

        Raises:
            ConfigError: no demonstration has weight.
        """
        if not self.debias:
            return
        sums = torch.zeros(5, dtype=torch.float64)
        for batch in batches:
            share, length, ratio = (batch.weight * batch.expert).double(), *batch.z[:, -2:].double().unbind(dim=1)
            one = torch.ones_like(share)
            sums += torch.stack([one, length, ratio, length * length, length * ratio]) @ share
        if sums[0] <= 0:
            raise ConfigError("no demonstration with weight to learn from how signals go with length", "at least one")
        _, length, ratio, square, product = sums / sums[0]
        spread = square - length * length
        self.middle.copy_(length)
        self.slope.copy_((product - length * ratio) / spread if spread > FLAT else torch.zeros_like(spread))

    def signals(self, z: Tensor) -> Tensor:
        """``[1, N]``: the ratio, in nats, less what of it goes with length."""
        ratio = z[:, -1]
        if self.debias:
            ratio = ratio - self.debias * self.slope * (z[:, -2] - self.middle)
        return ratio.unsqueeze(0)

    def loss(self, batch: Batch) -> Tensor:
        """The weighted mean over demonstrations of ``−log σ(signal)``: what a discriminator with this logit loses on
        them. Nothing descends on it.
        """
        weight = (batch.weight * batch.expert).to(batch.z.dtype)
        losses = -functional.logsigmoid(self.signals(batch.z)[0]) * weight
        return losses.sum() / weight.sum().clamp(min=1e-6)

    def latents(self, z: Tensor) -> Latents | None:  # noqa: ARG002 - no bottleneck of their own
        """None: patches use the whitened space of the other columns."""
        return None
