"""Log-ratio of two language models: expertness is how much likelier imitation has made an answer."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor
from torch.nn import functional

from iirl_core.expertness.protocol import Batch, Latents, LearntInOnePass


class LogRatio(LearntInOnePass):
    """Signal ``log π_SFT(y|x) − log π_init(y|x)``, summed over the answer's tokens: the last column of z, which the
    encoder computes (``RatioEncoder``).

    For exact policies and classes of equal size it is the logit of the best discriminator of π_SFT's answers from
    π_init's, AfD's Init-SFT (arXiv 2405.15624, §3); else an estimate of it. It is a sum over tokens, so a longer answer
    has the larger one, to either side. It has no latent of its own: the last column is ``unseen`` by patches, which act
    where the encoder's other columns put a text.
    """

    needs_negatives = False
    unseen = 1

    @property
    def members(self) -> int:
        """1: one pair of models."""
        return 1

    def learn(self, batches: Iterable[Batch]) -> None:
        """Nothing: both models were learnt elsewhere."""

    def signals(self, z: Tensor) -> Tensor:
        """``[1, N]``: the ratio, in nats."""
        return z[:, -1].unsqueeze(0)

    def loss(self, batch: Batch) -> Tensor:
        """The weighted mean over demonstrations of ``−log σ(signal)``: what a discriminator with this logit loses on
        them. Nothing descends on it.
        """
        weight = (batch.weight * batch.expert).to(batch.z.dtype)
        losses = -functional.logsigmoid(batch.z[:, -1]) * weight
        return losses.sum() / weight.sum().clamp(min=1e-6)

    def latents(self, z: Tensor) -> Latents | None:  # noqa: ARG002 - no bottleneck of its own
        """None: patches use the whitened space of the other columns."""
        return None
