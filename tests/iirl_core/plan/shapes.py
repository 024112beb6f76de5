"""Shapes of published backbones, as their ``config.json`` give them, and tiny ones of the same kinds."""

from __future__ import annotations

from iirl_core.plan.published import PUBLISHED

QWEN3_06B = dict(PUBLISHED["Qwen/Qwen3-0.6B"])
LLAMA3_8B = dict(PUBLISHED["meta-llama/Meta-Llama-3-8B"])
LLAMA3_70B = dict(PUBLISHED["meta-llama/Meta-Llama-3-70B"])
MINILM: dict[str, object] = {
    "model_type": "bert",
    "hidden_size": 384,
    "intermediate_size": 1536,
    "num_hidden_layers": 6,
    "num_attention_heads": 12,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
}


def tiny(kind: str, **changes: object) -> dict[str, object]:
    """A backbone of this kind that takes no time."""
    return {
        "model_type": kind,
        "hidden_size": 32,
        "intermediate_size": 80,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 100,
        "max_position_embeddings": 64,
        "type_vocab_size": 2,
        **changes,
    }
