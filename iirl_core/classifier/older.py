"""What transformers 4 looks for in the configurations that transformers 5 writes: many tools are bound to it. Pure."""

from __future__ import annotations

from iirl_core.canonical import JsonValue

UNKNOWN_TO_OLDER = ("backend", "extra_special_tokens")
"""Of a tokenizer: 4 takes the second for something else and breaks. Its tokens are marked in tokenizer.json, too."""


def model_for_older(document: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """With the base of rotary positions where 4 reads it, or it would take another and give other numbers."""
    rotary = document.get("rope_parameters")
    if not isinstance(rotary, dict) or "rope_theta" not in rotary:
        return document
    scaling: JsonValue = {name: value for name, value in rotary.items() if name != "rope_theta"}
    plain = rotary.get("rope_type", "default") == "default"
    return {**document, "rope_theta": rotary["rope_theta"], "rope_scaling": None if plain else scaling}


def tokenizer_for_older(document: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Of a class that both know, which does what tokenizer.json says."""
    known = {name: value for name, value in document.items() if name not in UNKNOWN_TO_OLDER}
    return {**known, "tokenizer_class": "PreTrainedTokenizerFast"}
