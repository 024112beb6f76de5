"""Tokens per conversation: of the contents under the encoder's tokenizer, without template and special tokens."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from tokenizers import Tokenizer

from iirl_core.demonstration import Conversation
from iirl_core.errors import ConfigError, one_line
from iirl_core.pretrained import model_source


def tokenizer_of(model: str) -> str:
    """The tokenizer of ``encoder.model`` as JSON, without truncation and padding, to be sent to workers.

    Raises:
        ConfigError: it has no ``tokenizer.json``.
    """
    model = model_source(model)
    try:
        local = Path(model) / "tokenizer.json"
        tokenizer = Tokenizer.from_file(str(local)) if Path(model).is_dir() else Tokenizer.from_pretrained(model)
    except Exception as error:  # the Rust library raises bare Exception
        raise ConfigError(f"no tokenizer.json for encoder.model {model} ({one_line(error)})") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return str(tokenizer.to_str())


def count_tokens(tokenizer: str, conversations: Sequence[Conversation]) -> list[int]:
    """One number per conversation, on the calling thread alone (each Ray task has one CPU)."""
    contents = [message.content for each in conversations for message in each.messages]
    encoded = iter(_loaded(tokenizer).encode_batch_fast(contents, add_special_tokens=False))
    return [sum(len(next(encoded)) for _ in each.messages) for each in conversations]


@lru_cache(maxsize=2)
def _loaded(tokenizer: str) -> Tokenizer:
    """One per process: loading takes longer than a thousand conversations."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    gc.freeze()  # what was imported lives as long as the process: the collector need not walk it at every chunk
    return Tokenizer.from_str(tokenizer)
