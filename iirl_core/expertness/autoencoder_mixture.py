"""A gated mixture of autoencoders: expertness is how well the demonstrations' own parts reconstruct a row.

One class: it needs demonstrations only. All M members and E experts live in batched parameters ``[M, E, …]``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from iirl_core.expertness.batch import Batch
from iirl_core.expertness.bootstrap import bootstrap
from iirl_core.expertness.protocol import Expertness, Latents

COMPETITION = 0.1
"""Weight of each expert's own error: without it experts only have to be right together, and their residuals and
latents, where patches act, mean nothing one by one (Jacobs et al. 1991)."""
BALANCE = 0.01
"""Weight of the gate's balance: keeps every expert in use at the start of training."""


class AutoencoderMixture(Expertness):
    """``recon(z) = Σ_e w_e(z)·dec_e(enc_e(z))``, signal ``−mean_d (recon − z)²``; ``w = softmax(z·G + g)``.

    ``enc_e: D → hidden → tanh → bottleneck`` and ``dec_e: bottleneck → hidden → tanh → D``. Latents are member 0's.
    """

    needs_negatives = False

    def __init__(self, width: int, experts: int, bottleneck: int, hidden: int, members: int) -> None:
        super().__init__()
        shape = (members, experts)
        self.gate = _weight((members, width, experts))
        self.gate_bias = nn.Parameter(torch.zeros(members, 1, experts))
        self.encode_1, self.encode_bias_1 = _weight((*shape, width, hidden)), _bias((*shape, 1, hidden))
        self.encode_2, self.encode_bias_2 = _weight((*shape, hidden, bottleneck)), _bias((*shape, 1, bottleneck))
        self.decode_1, self.decode_bias_1 = _weight((*shape, bottleneck, hidden)), _bias((*shape, 1, hidden))
        self.decode_2, self.decode_bias_2 = _weight((*shape, hidden, width)), _bias((*shape, 1, width))

    @property
    def members(self) -> int:
        """M ≥ 1."""
        return len(self.gate)

    def _gates(self, z: Tensor) -> Tensor:
        """``[M, N, E]``, rows sum to 1."""
        return torch.softmax(z @ self.gate + self.gate_bias, dim=-1)

    def _encode(self, z: Tensor) -> Tensor:
        """``[M, E, N, L]``."""
        hidden = torch.tanh(z @ self.encode_1 + self.encode_bias_1)
        return hidden @ self.encode_2 + self.encode_bias_2

    def _decode(self, phi: Tensor) -> Tensor:
        """``[M, E, N, D]``."""
        hidden = torch.tanh(phi @ self.decode_1 + self.decode_bias_1)
        return hidden @ self.decode_2 + self.decode_bias_2

    def reconstructed(self, z: Tensor) -> Tensor:
        """``[M, N, D]``: each member's mixed reconstruction."""
        return torch.einsum("mne,mend->mnd", self._gates(z), self._decode(self._encode(z)))

    def signals(self, z: Tensor) -> Tensor:
        """``[M, N]``: −MSE of each member's mixed reconstruction, in squared standard deviations of the data."""
        return -(self.reconstructed(z) - z).square().mean(dim=-1)

    def loss(self, batch: Batch) -> Tensor:
        """Mean over members and (weighted, bootstrapped) rows of
        ``MSE(Σ_e w_e·r_e, z) + 0.1·Σ_e w_e·MSE(r_e, z)``, plus ``0.01·(log E − H(mean w))`` and
        the length's penalty; ``r_e = dec_e(enc_e(z))``.

        Rows with ``expert == 0`` are ignored.
        """
        gates, parts = self._gates(batch.z), self._decode(self._encode(batch.z))
        mixed = torch.einsum("mne,mend->mnd", gates, parts)
        z, gates = batch.z.float(), gates.float()  # in bf16 a loss would have three digits
        together = (mixed.float() - z).square().mean(dim=-1)
        alone = (parts.float() - z).square().mean(dim=-1)
        competition = torch.einsum("mne,men->mn", gates, alone)
        weight = (bootstrap(batch.row, self.members) * batch.weight * batch.expert).float()
        total = weight.sum(dim=1, keepdim=True).clamp(min=1e-6)
        errors = ((together + COMPETITION * competition) * weight / total).sum(dim=1)
        use = torch.einsum("mne,mn->me", gates, weight / total)
        entropy = -(use * use.clamp(min=1e-6).log()).sum(dim=1)
        penalty = self.length_penalty(-together, batch, weight)
        return (errors + BALANCE * (math.log(gates.shape[-1]) - entropy)).mean() + penalty

    def latents(self, z: Tensor) -> Latents:
        """Member 0's bottlenecks, gate and each expert's own residual ``‖z − dec_e(enc_e(z))‖``."""
        hidden = torch.tanh(z @ self.encode_1[0] + self.encode_bias_1[0])
        phi = hidden @ self.encode_2[0] + self.encode_bias_2[0]
        hidden = torch.tanh(phi @ self.decode_1[0] + self.decode_bias_1[0])
        parts = hidden @ self.decode_2[0] + self.decode_bias_2[0]
        gate = torch.softmax(z @ self.gate[0] + self.gate_bias[0], dim=-1)
        residual = torch.linalg.vector_norm(parts - z, dim=-1)
        return Latents(phi.transpose(0, 1), gate, residual.transpose(0, 1))


def _weight(shape: tuple[int, ...]) -> nn.Parameter:
    """Uniform in ±√(3/fan_in): unit gain for inputs of unit variance."""
    bound = math.sqrt(3 / shape[-2])
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))


def _bias(shape: tuple[int, ...]) -> nn.Parameter:
    return nn.Parameter(torch.zeros(shape))
