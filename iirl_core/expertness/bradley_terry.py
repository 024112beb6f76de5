"""Bradley–Terry: expertness is what makes the chosen of two answers to one prompt the likelier choice."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from iirl_core.errors import InputError
from iirl_core.expertness.batch import Batch
from iirl_core.expertness.bootstrap import bootstrap
from iirl_core.expertness.heads import Heads


class BradleyTerry(Heads):
    """``P(chosen ≻ rejected) = σ(s_chosen − s_rejected)`` (Bradley and Terry 1952; as a reward model: Ouyang et al.,
    arXiv 2203.02155, eq. 1), the signal s a head's output. M heads learn from different bootstraps of the comparisons.

    Comparisons identify the signal only up to a constant for each prompt. The penalty ``centring`` (Eisenstein et al.,
    arXiv 2312.09244) chooses it: the mean of each pair that was trained on is pulled to 0, so that signals of different
    prompts can be set against one limit. On prompts that training never saw that is an estimate like any other.
    """

    needs_negatives = True
    needs_pairs = True

    def __init__(
        self, width: int, hidden: int, members: int, *, margin: float, smoothing: float, centring: float
    ) -> None:
        super().__init__(width, hidden, members)
        self.margin, self.smoothing, self.centring = margin, smoothing, centring

    def signals(self, z: Tensor) -> Tensor:
        """``[M, N]``: each member's log odds against an answer of signal 0 to the same prompt."""
        return self.outputs(z)

    def loss(self, batch: Batch) -> Tensor:
        """Mean over members and (weighted, bootstrapped) comparisons of ``−(1−ε)·log σ(d) − ε·log σ(−d) +
        c·(s_chosen + s_rejected)²`` with ``d = s_chosen − s_rejected − a·margin``; ε is ``smoothing``, c ``centring``
        and a ``margin``. The margin is that of Llama 2 (Touvron et al., arXiv 2307.09288, eq. 2).
        The length's penalty is added.

        Rows 2i and 2i + 1 are the two sides of one comparison, in either order; a comparison weighs as its sides do.

        Raises:
            InputError: the rows are not pairs.
        """
        side = 2 * batch.expert - 1
        if len(side) % 2 or bool((side[0::2] + side[1::2]).any()):
            raise InputError(f"{len(side)} rows that are not pairs of a chosen and a rejected answer")
        signals = self.signals(batch.z)
        margin = torch.zeros_like(side) if batch.margin is None else batch.margin
        gap = _pairs(signals * side.to(signals.dtype)).sum(dim=-1) - self.margin * margin[0::2].to(signals.dtype)
        losses = -(1 - self.smoothing) * functional.logsigmoid(gap) - self.smoothing * functional.logsigmoid(-gap)
        losses = losses + self.centring * _pairs(signals).sum(dim=-1).square()
        weight = bootstrap(batch.row[0::2] >> 1, self.members) * _pairs(batch.weight).mean(dim=-1)
        weight = weight.to(losses.dtype)
        fit = (losses * weight).sum(dim=1).div(weight.sum(dim=1).clamp(min=1e-6)).mean()
        return fit + self.length_penalty(signals, batch, weight.repeat_interleave(2, dim=1))


def _pairs(rows: Tensor) -> Tensor:
    """``[…, N]`` → ``[…, N/2, 2]``."""
    return rows.reshape(*rows.shape[:-1], -1, 2)
