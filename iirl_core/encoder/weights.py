"""How a transformer's weights are held: in float32, or its matrices in bfloat16, half as many bytes.

Either way it computes in float32: a matrix held in bfloat16 is widened while it is used, and dropped. Rows then differ
by float32's rounding alone between batches, devices and machines, which golden Readings, verified findings and the
check for tampering rely on; arithmetic in bfloat16 moves a row by a hundredth with whatever else is in its batch. What
is held so are the matrices of linear layers and of words, nearly all there is; the stacked ones of a mixture of experts
stay as they are, and so does what other kinds of module read, too (Gemma's scaled words).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from iirl_core.config.encoding import Weights
from iirl_core.errors import ConfigError, one_line


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
    _make_exact(model)
    held, widening = dtype_of(weights), _widening(model)
    matrices = {id(module.weight) for module in widening}
    for parameter in model.parameters():
        rounded = parameter.data.to(held)
        parameter.data = rounded if id(parameter) in matrices else rounded.float()
    for module in widening if weights == "bf16" else ():
        # Its class alone changes: parameters, hooks and names stay, so that it saves, pickles and moves as before.
        module.__class__ = _WIDENING[type(module)]
    model.eval().requires_grad_(False)


def check_held(model: PreTrainedModel, weights: Weights, name: str) -> None:
    """Nothing to do where ``model`` computes as it is held; ``name`` is what a user calls it.

    Raises:
        ConfigError: it does not, because some part of it reads the matrices of others (Mamba's does).
    """
    if weights == "fp32":
        return
    try:
        with torch.no_grad():
            model(input_ids=torch.ones(1, 2, dtype=torch.long))
    except RuntimeError as error:
        raise ConfigError(
            f"{name} cannot hold its matrices in bf16 ({one_line(error)})", "encoder.weights: fp32"
        ) from error


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


def _widening(model: PreTrainedModel) -> list[nn.Module]:
    """Modules that widen what they hold: linear layers, and the embedding of words, unless another kind of module has
    the same matrix. Other embeddings are small, and some models read them as they are.
    """
    words = model.get_input_embeddings()
    found = {one for one in model.modules() if type(one) in (nn.Linear, Conv1D) or one is words}
    found = {one for one in found if type(one) in _WIDENING}
    others = {id(one) for module in model.modules() if module not in found for one in module.parameters(recurse=False)}
    return [one for one in found if id(one.weight) not in others]


def _make_exact(model: PreTrainedModel) -> None:
    """Widen its buffers. What it computes for itself (a scale, a table) was rounded as the weights are read, and is
    computed anew.
    """
    for module in model.modules():
        narrow = [
            name for name, one in module.named_buffers(recurse=False) if one.dtype in (torch.bfloat16, torch.half)
        ]
        for name in narrow:
            module.get_buffer(name).data = module.get_buffer(name).float()
        own = module._non_persistent_buffers_set.intersection(narrow)
        if own:
            others = [one for name, one in (*module.named_parameters(), *module.named_buffers()) if name not in own]
            kept = [one.data.clone() for one in others]
            model._init_weights(module)
            for one, data in zip(others, kept, strict=True):
                one.data = data
