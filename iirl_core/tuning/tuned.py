"""A text encoder and an expertness as one module, from tokens to the loss."""

from __future__ import annotations

from torch import Tensor, nn

from iirl_core.config.encoding import Pooling
from iirl_core.encoder.pooling import pool
from iirl_core.expertness import Expertness

ENCODER = "encoder."
EXPERTNESS = "expertness."
"""How the names of their tensors begin in a Tuned."""
POOLER = "pooler."
"""How those of BERT's own pooler begin in a transformer: it comes after the last hidden states, so nothing of ours
passes through it, and it stays as it was."""


class Tuned(nn.Module):
    """``loss(ids) = expertness.loss(pool(transformer(ids)))``: pooled as the encoder pools when it is used, the rows in
    float32. The transformer is in training mode, so its own dropout is at work.
    """

    def __init__(self, transformer: nn.Module, pooling: Pooling, expertness: Expertness) -> None:
        super().__init__()
        self.encoder, self.expertness, self.pooling = transformer.train(), expertness, pooling

    def forward(
        self,
        ids: Tensor,
        mask: Tensor,
        *,
        expert: Tensor,
        weight: Tensor,
        row: Tensor,
        margin: Tensor | None = None,
        length: Tensor | None = None,
        strength: Tensor | None = None,
        judged: bool = False,
    ) -> Tensor:
        """The loss of one batch of ``Texts``, or where it is to be ``judged`` its ``measures``: ``ids [N, T]`` and
        ``mask [N, T]``, padded on the right.
        """
        hidden: Tensor = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        z = pool(hidden.float(), mask, self.pooling)
        loss: Tensor = self.expertness(z, expert, weight, row, margin, length=length, strength=strength, judged=judged)
        return loss
