"""Tiny causal language models with random weights."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from tests.iirl_core.encoder.tiny import Kind, config_of, tokenizer_of


def tiny_policy(kind: Kind, folder: Path) -> str:
    """Write one into ``folder`` as a hub would, and return its name for ``imitate.model``."""
    tokenizer = tokenizer_of(kind)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config_of(kind, len(tokenizer))).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)
