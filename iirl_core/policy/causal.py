"""Whether a model is a causal language model, as far as its configuration says: without its weights."""

from __future__ import annotations

from collections.abc import Mapping

from transformers import PreTrainedConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as CAUSAL
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as MASKED

from iirl_core.errors import ConfigError

EXPECTED = "a causal language model"
BOTH_WAYS = {*MASKED, "bert-generation"}
"""Types whose tokens see each other both ways unless their configuration makes them decoders."""


def check_causal(config: PreTrainedConfig, name: str) -> None:
    """Nothing to do where ``config`` is a causal language model's, as it seems; what its weights say, the model itself
    is asked when they are loaded (``read_language_model``). ``name`` is what a user calls it.

    Raises:
        ConfigError: transformers knows none of its type, or its tokens see what follows them.
    """
    kind = config.model_type
    if kind not in CAUSAL:
        raise ConfigError(f"{name}: transformers makes no causal language model of a {kind}", EXPECTED)
    ahead = getattr(config, "use_bidirectional_attention", None) in (True, "all")
    made_decoder = getattr(config, "is_decoder", False) or getattr(config, "causal", False)
    masked = kind in BOTH_WAYS and not config.is_encoder_decoder  # the decoder of an encoder-decoder is causal
    if ahead or (masked and not made_decoder):
        raise ConfigError(f"{name}: a token of a {kind} that is configured so sees what follows it", EXPECTED)


def check_architectures(config: Mapping[str, object], name: str) -> None:
    """Nothing to do where a ``config.json`` names the class of a causal language model among its architectures: engines
    other than transformers make what these say, whatever the type could be made into.

    Raises:
        ConfigError: it does not.
    """
    said = config.get("architectures")
    named = [str(one) for one in said] if isinstance(said, list) else []
    if not known().intersection(named):
        raise ConfigError(f"{name}: config.json says {', '.join(named) or 'no architectures'}", EXPECTED)


def known() -> frozenset[str]:
    """Names of the classes of causal language models."""
    return frozenset(name for one in CAUSAL.values() for name in ((one,) if isinstance(one, str) else one))
