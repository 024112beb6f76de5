"""From a text encoder to a module that trains it, and back."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from iirl_core.encoder.text import TextEncoder
from iirl_core.expertness import Expertness
from iirl_core.tuning.tuned import ENCODER, EXPERTNESS, Tuned


def tuned_of(encoder: TextEncoder, expertness: Expertness) -> Tuned:
    """A module that trains all of ``encoder``'s weights on which z depends. Takes the encoder's model: it is not to be
    used beside it.
    """
    encoder.model.requires_grad_(True)
    if (pooler := getattr(encoder.model, "pooler", None)) is not None:
        pooler.requires_grad_(False)  # BERT's own, after the last hidden states: nothing of ours passes through it
    return Tuned(encoder.model, encoder.pooling, expertness)


def trained_encoder(encoder: TextEncoder, weights: Mapping[str, Tensor]) -> TextEncoder:
    """``encoder`` with the trained ``weights`` of a Tuned that was made of it; it is changed in place, and frozen.

    Raises:
        RuntimeError: they are of another shape.
    """
    own = {name.removeprefix(ENCODER): tensor for name, tensor in weights.items() if name.startswith(ENCODER)}
    missing, strange = encoder.model.load_state_dict(own, strict=False)
    if strange or any(not name.startswith("pooler.") for name in missing):
        raise RuntimeError(f"trained weights that do not fit: {strange[:3]} too many, {missing[:3]} missing")
    return TextEncoder(
        encoder.model,
        encoder.rendering,
        encoder.batch,
        pooling=encoder.pooling,
        trust_remote_code=encoder.trust_remote_code,
    )


def trained_expertness(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The expertness's own among the weights of a Tuned, by their own names."""
    return {name.removeprefix(EXPERTNESS): tensor for name, tensor in weights.items() if name.startswith(EXPERTNESS)}
