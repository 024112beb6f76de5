"""How much a transformer drops at random while it is trained."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn


def set_dropout(model: nn.Module, share: float) -> None:
    """Wherever ``model`` drops something, in place: in its dropout layers, and where a layer keeps the share as a
    number and hands it to a kernel of attention (Llama and its kind). What reads it anew from the model's configuration
    (Falcon), or has no layer for it because the configuration says 0 (ModernBERT's output), stays as it is.
    """
    for module, name in dropping(model):
        setattr(module, name, share)


def dropping(model: nn.Module) -> Iterator[tuple[nn.Module, str]]:
    """Modules, and the attribute that holds how much each drops."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            yield module, "p"
            continue
        for name, value in vars(module).items():
            if "dropout" in name and isinstance(value, int | float) and not isinstance(value, bool):
                yield module, name
