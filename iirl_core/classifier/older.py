"""What transformers 4 looks for in the configurations that transformers 5 writes: many tools are bound to it. Pure."""

from __future__ import annotations

from iirl_core.canonical import JsonValue

UNKNOWN_TO_OLDER = ("backend", "extra_special_tokens")
"""Of a tokenizer: 4 expects names in the second, and fails on a list. Its tokens are marked in tokenizer.json, too."""


def model_for_older(document: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """With what makes rotary positions where 4 reads it, or it would take other numbers and give others. Where layers
    differ in them (Gemma 3) it stays as it is, and 4 takes what is usual.
    """
    rotary = document.get("rope_parameters")
    if not isinstance(rotary, dict) or "rope_theta" not in rotary:
        return document
    scaling: JsonValue = {name: value for name, value in rotary.items() if name != "rope_theta"}
    plain = rotary.get("rope_type", "default") == "default"
    partial = {name: rotary[name] for name in ("partial_rotary_factor",) if name in rotary}
    return {**document, **partial, "rope_theta": rotary["rope_theta"], "rope_scaling": None if plain else scaling}


def tokenizer_for_older(document: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Of a class that both know, which does what tokenizer.json says."""
    known = {name: value for name, value in document.items() if name not in UNKNOWN_TO_OLDER}
    return {**known, "tokenizer_class": "PreTrainedTokenizerFast"}
