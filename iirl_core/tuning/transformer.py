"""From a text encoder to a module that trains it, and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from iirl_core.config.encoding import LoraSection
from iirl_core.encoder.text import TextEncoder
from iirl_core.encoder.weights import widen
from iirl_core.errors import ConfigError
from iirl_core.expertness import Expertness
from iirl_core.tuning.dropout import dropping, set_dropout
from iirl_core.tuning.lora import adapted, merged, target_modules
from iirl_core.tuning.tuned import ENCODER, EXPERTNESS, POOLER, Tuned


def check_tuning(
    encoder: TextEncoder, adapters: LoraSection | None, *, checkpointing: bool, dropout: float | None = None
) -> None:
    """Refuse what ``tuned_of`` would only refuse far away, on every rank.

    Raises:
        ConfigError: a target of the adapters names nothing, the model cannot compute its layers again, or has none that
            could drop anything.
    """
    if adapters is not None:
        target_modules(encoder.model, adapters.targets)
    if checkpointing and not encoder.model.supports_gradient_checkpointing:
        raise ConfigError(f"train.gradient_checkpointing: {type(encoder.model).__name__} cannot", "false")
    if dropout and next(dropping(encoder.model), None) is None:
        raise ConfigError(
            f"encoder.dropout {dropout:g}: no layer of {type(encoder.model).__name__} drops", "0, or none"
        )


def tuned_of(
    encoder: TextEncoder,
    expertness: Expertness,
    adapters: LoraSection | None = None,
    *,
    checkpointing: bool = False,
    dropout: float | None = None,
    dtype: torch.dtype = torch.float32,
) -> Tuned:
    """A module that trains all of ``encoder``'s weights on which z depends, or ``adapters`` beside them. Takes the
    encoder's model: it is not to be used beside it. ``checkpointing``: layers are computed again on the way back.
    ``dropout``: of the transformer's own layers (``set_dropout``); None: as the model says.
    ``dtype`` is what the transformer's weights become, however the encoder held them.

    Raises:
        ConfigError: as ``check_tuning``.
    """
    check_tuning(encoder, adapters, checkpointing=checkpointing, dropout=dropout)
    widen(encoder.model, dtype)
    model: nn.Module = encoder.model
    if dropout is not None:
        set_dropout(model, dropout)
    if checkpointing:
        encoder.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    if adapters is not None:
        model = adapted(encoder.model, adapters)
    else:
        for name, parameter in encoder.model.named_parameters():
            parameter.requires_grad_(not name.startswith(POOLER))
    return Tuned(model, encoder.pooling, expertness)


def trained_encoder(
    encoder: TextEncoder, weights: Mapping[str, Tensor], adapters: LoraSection | None = None
) -> TextEncoder:
    """``encoder`` with the trained ``weights`` of a Tuned that was made of it; it is changed in place, and frozen.

    Raises:
        RuntimeError: they are of another shape.
    """
    own = {name.removeprefix(ENCODER): tensor for name, tensor in weights.items() if name.startswith(ENCODER)}
    model = encoder.model
    if adapters is not None:
        model = merged(model, adapters, own)
    else:
        missing, strange = model.load_state_dict(own, strict=False)
        if strange or any(not name.startswith(POOLER) for name in missing):
            raise RuntimeError(f"trained weights that do not fit: {strange[:3]} too many, {missing[:3]} missing")
    return TextEncoder(
        model,
        encoder.rendering,
        encoder.batch,
        pooling=encoder.pooling,
        weights=encoder.weights,
        trust_remote_code=encoder.trust_remote_code,
    )


def trained_expertness(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The expertness's own among the weights of a Tuned, by their own names."""
    return {name.removeprefix(EXPERTNESS): tensor for name, tensor in weights.items() if name.startswith(EXPERTNESS)}
