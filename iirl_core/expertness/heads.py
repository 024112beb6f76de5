"""What the families with a small network over z share: M heads in one batched product."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from iirl_core.expertness.protocol import Expertness, Latents

EPSILON = 1e-12
"""What is added to the variance in LayerNorm. That of BERT, and too small to matter: a pooled text's variance can be
0.02, where the usual 1e-5 would move signals by more than 1e-4 away from what a stock classifier's layers can give."""
FORMER_EPSILON = 1e-5
"""That of heads which do not say."""


class Heads(Expertness):
    """``output(z) = tanh(LayerNorm(z)·A + a)·B + b`` for each of M members; LayerNorm has no parameters of its own.
    With ``hidden`` 0 ``output(z) = z·B``, all that the head of a decoder's stock classifier can hold (no bias, and z
    was normalised by the decoder).

    What an output means, and the loss, is the family's.
    """

    epsilon: Tensor

    def __init__(self, width: int, hidden: int, members: int) -> None:
        super().__init__()
        self.linear = hidden == 0
        if not self.linear:
            self.register_buffer("epsilon", torch.tensor(EPSILON))
        bound_1, bound_2 = 1 / math.sqrt(width), 1 / math.sqrt(hidden or width)
        if not self.linear:
            self.dense = nn.Parameter(torch.empty(members, width, hidden).uniform_(-bound_1, bound_1))
            self.dense_bias = nn.Parameter(torch.zeros(members, 1, hidden))
        self.head = nn.Parameter(torch.empty(members, hidden or width, 1).uniform_(-bound_2, bound_2))
        if not self.linear:
            self.head_bias = nn.Parameter(torch.zeros(members, 1, 1))

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest: object) -> None:
        if not self.linear:
            state_dict.setdefault(f"{prefix}epsilon", torch.tensor(FORMER_EPSILON))
        super()._load_from_state_dict(state_dict, prefix, *rest)

    @property
    def members(self) -> int:
        """M ≥ 1."""
        return len(self.head)

    @property
    def units(self) -> int:
        """Of each member's network; 0: none, its output is a line."""
        return 0 if self.linear else self.dense.shape[-1]

    def outputs(self, z: Tensor) -> Tensor:
        """``[M, N]`` float32, whatever the parameters' precision: losses are sums of small differences."""
        if self.linear:
            return (z @ self.head).squeeze(-1).float()
        normalised = functional.layer_norm(z, z.shape[-1:], eps=self.epsilon.item())
        hidden = torch.tanh(normalised @ self.dense + self.dense_bias)
        return (hidden @ self.head + self.head_bias).squeeze(-1).float()

    def affine(self) -> tuple[Tensor, Tensor] | None:
        """``(scale [M], shift [M])`` with ``signals = scale·outputs + shift``; None where no such numbers exist."""
        return torch.ones(self.members), torch.zeros(self.members)

    def latents(self, z: Tensor) -> Latents | None:  # noqa: ARG002 - no bottleneck of their own
        """None: patches use the whitened space."""
        return None
