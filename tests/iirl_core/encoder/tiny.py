"""Tiny transformers models with random weights and tokenizers of their own, saved as a hub would save them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    AutoModel,
    BertConfig,
    LlamaConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    RobertaConfig,
)

Kind = Literal["bert", "roberta", "llama", "qwen2"]

LENGTH = 256
"""Tokens that each takes."""

CHAT = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


def tokenizer_of(kind: Kind) -> PreTrainedTokenizerFast:
    """A token a byte. BERT's and RoBERTa's put special tokens around a text, Llama's puts BOS before it; Qwen's puts
    nothing, and has a chat template. Llama's has no token for padding; both decoders' say to pad on the left.
    """
    names = {
        "bert": ["[PAD]", "[UNK]", "[CLS]", "[SEP]"],
        "roberta": ["<s>", "<pad>", "</s>", "<unk>"],
        "llama": ["<unk>", "<s>", "</s>"],
        "qwen2": ["<|endoftext|>", "<|start|>", "<|end|>"],
    }[kind]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({token: index for index, token in enumerate([*names, *letters])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore[assignment]
    tokenizer.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    around = {"bert": ("[CLS] $A [SEP]", "[CLS]", "[SEP]"), "roberta": ("<s> $A </s>", "<s>", "</s>")}
    around["llama"] = ("<s> $A", "<s>", "</s>")
    if kind in around:
        template, *specials = around[kind]
        tokenizer.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]
            single=template, special_tokens=[(token, names.index(token)) for token in specials]
        )
    roles = {
        "bert": {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"},
        "roberta": {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"},
        "llama": {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "padding_side": "left"},
        "qwen2": {"eos_token": "<|end|>", "extra_special_tokens": ["<|start|>"], "padding_side": "left"},
    }[kind]
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **roles)
    if kind == "qwen2":
        made.chat_template = CHAT
    return made


def config_of(kind: Kind, vocabulary: int, heads: int = 4) -> PreTrainedConfig:
    """Two layers, 32 wide. vLLM computes with no heads narrower than 32, so it needs ``heads`` 1."""
    shape = {"vocab_size": vocabulary, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    shape |= {"num_attention_heads": heads, "max_position_embeddings": LENGTH}
    if kind == "bert":
        return BertConfig(**shape)
    if kind == "roberta":
        return RobertaConfig(**{**shape, "max_position_embeddings": LENGTH + 2})
    grouped = {**shape, "num_key_value_heads": min(2, heads)}
    tokens = {"bos_token_id": None, "eos_token_id": 2} if kind == "qwen2" else {"bos_token_id": 1, "eos_token_id": 2}
    return Qwen2Config(**grouped, **tokens) if kind == "qwen2" else LlamaConfig(**grouped, **tokens)


def tiny(kind: Kind, folder: Path, heads: int = 4) -> str:
    """Write one into ``folder`` and return its name for ``encoder.model``."""
    tokenizer = tokenizer_of(kind)
    torch.manual_seed(0)
    model = AutoModel.from_config(config_of(kind, len(tokenizer), heads))
    for parameter in model.parameters():
        if parameter.ndim == 2:
            parameter.data.mul_(5)  # else random rows hardly tell texts apart
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)
