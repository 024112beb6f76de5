"""How a transformer's weights are held: in float32, or its matrices in bfloat16, half as many bytes.

Either way it computes in float32: a matrix held in bfloat16 is widened while it is used, and dropped. Rows then differ
by float32's rounding alone between batches, devices and machines, which golden Readings, verified findings and the
check for tampering rely on; arithmetic in bfloat16 moves a row by a hundredth with whatever else is in its batch. What
is held so are the matrices of linear layers and of embeddings, nearly all there is; the stacked ones of a mixture of
experts stay as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from iirl_core.config.encoding import Weights


class _Linear(nn.Linear):
    """Widens its matrix while it is used."""

    def forward(self, rows: Tensor) -> Tensor:
        """``rows · weightᵀ + bias``."""
        return functional.linear(rows, self.weight.float(), self.bias)


class _Conv1D(Conv1D):  # type: ignore[misc]
    """GPT-2's linear layer, whose matrix is the other way round."""

    def forward(self, rows: Tensor) -> Tensor:
        """``rows · weight + bias``."""
        found: Tensor = rows @ self.weight.float() + self.bias
        return found


class _Embedding(nn.Embedding):
    """Widens the rows that are looked up: an embedding may be gigabytes."""

    def forward(self, ids: Tensor) -> Tensor:
        """``[…]`` → ``[…, D]`` float32."""
        return super().forward(ids).float()


_WIDENING: dict[type[nn.Module], type[nn.Module]] = {nn.Linear: _Linear, Conv1D: _Conv1D, nn.Embedding: _Embedding}
_PLAIN = {widening: plain for plain, widening in _WIDENING.items()}


def dtype_of(weights: Weights) -> torch.dtype:
    """In which matrices are read from disk."""
    return torch.bfloat16 if weights == "bf16" else torch.float32


def hold(model: PreTrainedModel, weights: Weights) -> None:
    """Hold its weights so from now on, frozen, for evaluation. All are rounded where matrices are, so that what is
    saved and loaded again is the same model, however its parts were saved.
    """
    _make_plain(model)
    held = dtype_of(weights)
    matrices = {id(module.weight) for module in model.modules() if type(module) in _WIDENING}
    for parameter in model.parameters():
        rounded = parameter.data.to(held)
        parameter.data = rounded if id(parameter) in matrices else rounded.float()
    for module in model.modules() if weights == "bf16" else ():
        # Its class alone changes: parameters, hooks and names stay, so that it saves, pickles and moves as before.
        module.__class__ = _WIDENING.get(type(module), type(module))
    model.eval().requires_grad_(False)


def widen(model: PreTrainedModel, dtype: torch.dtype) -> None:
    """Make it the plain transformer again that it was before ``hold``, all of its weights in ``dtype``. Buffers stay as
    they are: rotary frequencies do not bear bfloat16.
    """
    _make_plain(model)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)


def _make_plain(model: PreTrainedModel) -> None:
    for module in model.modules():
        module.__class__ = _PLAIN.get(type(module), type(module))
