"""The objective itself (IIRL, equation 2): signal and bounded map are learnt together."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from iirl_core.errors import InputError
from iirl_core.expertness.batch import Batch
from iirl_core.expertness.bootstrap import bootstrap
from iirl_core.expertness.heads import Heads


class Joint(Heads):
    """Maximises ``E_{D_E}[β(x,t)·m_ψ(S_θ(x))] − E_{D_neg}[β(x,t)·m_ψ(S_θ(x))]`` over θ and ψ (arXiv 2602.14844, eq. 2),
    for each of M members on a bootstrap of its own. ``beta`` is β where it is a constant; None: each row has its own,
    the batch's ``strength`` (``strengths``).

    S_θ is a head's output, and ``m_ψ(S) = Σ_k π_k·σ(softplus(α_k)·(S − c_k))`` with K steps and π a softmax: strictly
    increasing, from 0 to 1.

    A member's signal is ``logit m_ψ(S_θ(z))``: S_θ alone has an arbitrary unit in each member, its logit has one
    meaning in all, so that members can be averaged. ``sigmoid(signal)`` *is* the learnt m_ψ. The artifact's map is the
    usual calibrated sigmoid over that signal, so it stretches and shifts the learnt m_ψ and keeps its shape: a bounded
    objective says which of two inputs earns more, but where between 0 and 1 they lie depends on ``saturation``, while
    limits and floors need the anchors of demonstrations that training did not see.
    """

    needs_negatives = True

    def __init__(
        self, width: int, hidden: int, members: int, *, steps: int, beta: float | None, saturation: float
    ) -> None:
        super().__init__(width, hidden, members)
        self.beta, self.saturation = beta, saturation
        self.share = nn.Parameter(torch.zeros(members, 1, steps))
        self.slope = nn.Parameter(torch.full((members, 1, steps), math.log(math.e - 1)))  # softplus of it is 1
        centres = torch.linspace(-1, 1, steps) if steps > 1 else torch.zeros(1)
        self.centre = nn.Parameter(centres.expand(members, 1, steps).clone())

    def logits(self, outputs: Tensor) -> Tensor:
        """``[M, N]`` → ``[M, N]``: ``logit m_ψ(S)``, from sums of logarithms: exact where m_ψ rounds to 0 or 1."""
        argument = functional.softplus(self.slope) * (outputs.unsqueeze(-1) - self.centre)
        share = torch.log_softmax(self.share, dim=-1)
        above = torch.logsumexp(share + functional.logsigmoid(argument), dim=-1)
        below = torch.logsumexp(share + functional.logsigmoid(-argument), dim=-1)
        return above - below

    def signals(self, z: Tensor) -> Tensor:
        """``[M, N]``: ``logit m_ψ(S_θ(z))``."""
        return self.logits(self.outputs(z))

    def affine(self) -> tuple[Tensor, Tensor] | None:
        """With one step ``logit m_ψ(S) = softplus(α)·(S − c)``; with more it is no line."""
        if self.slope.shape[-1] > 1:
            return None
        slope = functional.softplus(self.slope).flatten()
        return slope, -slope * self.centre.flatten()

    def loss(self, batch: Batch) -> Tensor:
        """Mean over members of ``−(E_D[β·m] − E_neg[β·m]) + λ/2·(E_D[L²] + E_neg[L²])``; ``L = logit m_ψ(S_θ)``, m its
        sigmoid, E a mean over the (weighted, bootstrapped) rows of one class, 0 where a batch holds none of it; and the
        length's penalty.

        So class sizes do not count. λ is ``saturation``: without it the supremum is a step where the two densities
        cross, and every signal grows without bound; with it the optimum solves ``L/σ′(L) = (β_E·p_E − β_neg·p_neg)/
        (λ·(p_E + p_neg))``, a smooth and increasing function of the density ratio; β_E and β_neg are what β is on
        average of each class at x. Of a constant β only β/λ matters to where the optimum lies.

        Raises:
            InputError: β is a function, and the batch does not say what it is.
        """
        logits = self.signals(batch.z)
        reward = torch.sigmoid(logits)
        weight = (bootstrap(batch.row, self.members) * batch.weight).to(logits.dtype)
        demonstrations = weight * batch.expert.to(logits.dtype)
        negatives = weight - demonstrations
        gained = self._strength(batch).to(reward.dtype) * reward
        gain = _mean(gained, demonstrations) - _mean(gained, negatives)
        size = _mean(logits.square(), demonstrations) + _mean(logits.square(), negatives)
        return (self.saturation / 2 * size - gain).mean() + self.length_penalty(logits, batch, weight)

    def _strength(self, batch: Batch) -> Tensor:
        """``[N]``: β of each row."""
        if self.beta is not None:
            return torch.full_like(batch.weight, self.beta)
        if batch.strength is None:
            raise InputError("rows without their strength", "strengths: expertness.beta is a function of the row")
        return batch.strength


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    """``[M]``: weighted means of rows; 0 where no row has weight."""
    return (values * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1e-6)
