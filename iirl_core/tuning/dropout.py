"""How much a transformer drops at random while it is trained."""

from __future__ import annotations

from torch import nn


def set_dropout(model: nn.Module, share: float) -> None:
    """Everywhere in ``model``, in place: in its dropout layers, and where a layer keeps the share as a number and hands
    it to a kernel of attention (Llama and its kind).
    """
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = share
            continue
        for name, value in vars(module).items():
            if "dropout" in name and isinstance(value, float):
                setattr(module, name, share)
