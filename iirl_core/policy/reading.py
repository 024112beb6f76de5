"""A policy's weights, read whole."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging as transformers_logging

from iirl_core.encoder.tokenizer import is_causal
from iirl_core.pretrained import check_weights


def read_language_model(folder: Path, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """The causal language model in a transformers folder, in ``dtype``. No code that lies there is run.

    Raises:
        OSError: there is no such folder, or no safetensors in it.
        ValueError: it holds none, weights are missing or of another shape, or a token sees those that follow it, as a
            BERT's does, which would learn to copy them.
        ImportError: it needs a package that is not installed.
    """
    said = transformers_logging.get_verbosity()
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()  # what is missing becomes an error of ours
    try:
        model, read = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            local_files_only=True,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # to say ourselves which
            output_loading_info=True,
        )
    finally:
        transformers_logging.set_verbosity(said)
    check_weights(read["missing_keys"], [name for name, *_ in read["mismatched_keys"]])
    whole: PreTrainedModel = model
    if not is_causal(whole):
        raise ValueError(f"{type(whole).__name__} as it lies there sees what follows a token")
    return whole
