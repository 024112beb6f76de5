"""Whether a tokenizer is the one that a model was trained with, as far as both say."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from iirl_core.errors import ConfigError

SPECIAL = ("pad", "bos", "eos", "cls", "sep")
CHOSEN_ANEW = ("pad", "bos", "eos")
"""What those who tune a causal model choose anew among its special tokens, often in the tokenizer alone: what begins a
text (DeepSeek-R1-Distill-Qwen), what ends a turn, and what stands behind a text, where such a model does not look."""
PADDING = 1024
"""Embeddings are made longer than the vocabulary, up to a multiple of at most this (phi-2: 51,200 for 50,295)."""
SPARE = 0.1
"""The share of a model's rows that its own tokenizer may have no token for."""
ROUNDING = 1e-4
"""What two rows of one batch may differ by, of the largest of their numbers, that should be equal."""
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
"""Of which any tokenizer tells some apart, whatever its language."""
TODO = "the tokenizer that the model was trained with"


def check_tokenizer(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """Nothing to do where the tokenizer can be the model's; ``name`` is what a user calls the two.

    Raises:
        ConfigError: it knows tokens that the model does not, or far fewer, or tells no letters apart, or they disagree
            in a special token.
    """
    _check_words(tokenizer, name)
    _check_size(len(model.get_input_embeddings().weight), tokenizer, name)
    _check_special(model.config, tokenizer, name, lambda: is_causal(model))


def check_read(config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """As ``check_tokenizer``, of a causal language model whose configuration alone was read.

    Raises:
        ConfigError: likewise.
    """
    _check_words(tokenizer, name)
    rows = getattr(config, "vocab_size", None)
    if rows is not None:
        _check_size(rows, tokenizer, name)
    _check_special(config, tokenizer, name, lambda: True)


def _check_words(tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    """Where a folder has no tokenizer's files, transformers makes one of special tokens alone, to which every text is
    the same.
    """
    read = tokenizer(list(LETTERS))["input_ids"]
    if all(ids == read[0] for ids in read):
        raise ConfigError(
            f"{name}: to its tokenizer every letter is the same",
            TODO,
            "Put the tokenizer's files (tokenizer.json or vocab.txt) beside the model",
        )


def _check_size(rows: int, tokenizer: PreTrainedTokenizerBase, name: str) -> None:
    known = 1 + max(tokenizer.get_vocab().values(), default=-1)
    if known > rows or rows - known > max(PADDING, SPARE * rows):
        raise ConfigError(f"{name}: its tokenizer knows {known} tokens, the model {rows}", TODO)


def _check_special(
    config: PreTrainedConfig, tokenizer: PreTrainedTokenizerBase, name: str, causal: Callable[[], bool]
) -> None:
    for role in SPECIAL:
        theirs, ours = _ids(getattr(config, f"{role}_token_id", None)), getattr(tokenizer, f"{role}_token_id")
        if not theirs or ours is None or ours in theirs:
            continue
        if role in CHOSEN_ANEW and theirs <= set(special_ids(tokenizer)) and causal():
            continue
        token = tokenizer.convert_ids_to_tokens(min(theirs))
        raise ConfigError(
            f"{name}: the model's {role} token is {min(theirs)}, which to its tokenizer is {token!r} ({role}: {ours})",
            TODO,
        )


def _ids(said: object) -> set[int]:
    """What a model's configuration says of one role: an id, several, or nothing (also written as a negative one)."""
    several = said if isinstance(said, list | tuple) else [said]
    return {one for one in several if isinstance(one, int) and one >= 0}


def special_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Of all tokens that its files mark as special, with a part of their own (EOS) or without: what writes turns."""
    marked = (number for number, token in tokenizer.added_tokens_decoder.items() if token.special)
    return sorted({*tokenizer.all_special_ids, *marked} - {None})


@torch.no_grad()
def is_causal(model: PreTrainedModel) -> bool:
    """Whether a token sees only those before it: found by asking the model, not its name. A first token that is the
    same whatever follows it, in hidden states or in the logits of a language model, is that of a causal model.
    """
    ids = torch.tensor([[1, 2, 2], [1, 3, 3]], device=model.device)
    first: Tensor = model(input_ids=ids, attention_mask=torch.ones_like(ids))[0][:, 0]
    return bool((first[0] - first[1]).abs().max() <= ROUNDING * first.abs().max())
