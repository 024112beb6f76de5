"""Tiny causal language models with random weights."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from iirl_core.canonical import Digest
from iirl_core.config.red_team import LanguageModelSection
from iirl_core.policy.noise import Draw
from iirl_core.policy.sampling import Reader, Sampler
from iirl_core.policy.writing import Writing
from tests.iirl_core.encoder.tiny import Kind, config_of, tokenizer_of


def tiny_policy(kind: Kind, folder: Path, heads: int = 4) -> str:
    """Write one into ``folder`` as a hub would, and return its name for ``imitate.model``."""
    tokenizer = tokenizer_of(kind)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config_of(kind, len(tokenizer), heads)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def writing_by(folder: Path, **changes: object) -> Writing:
    """The one in ``folder`` as the red team uses it: five short answers to a request, unless told otherwise."""
    section = LanguageModelSection.model_validate({"model": "tiny", "answers": 5, "max_new_tokens": 12, **changes})

    @cache
    def opened() -> Sampler:
        draw, tokens = Draw(section.temperature, section.top_p), section.max_new_tokens
        reader = Reader(folder, section.chat_template, section.called)
        return Sampler(folder, reader, draw, max_new_tokens=tokens, batch=section.batch)

    return Writing(folder.name, Digest("sha256:0"), section, opened)
