"""Conversations → z: a frozen transformers model, its last hidden states pooled to one row. Encoders (BERT) and
decoders (Llama, Qwen) alike: texts are padded on the right, where a causal model's tokens never look.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoModel, AutoTokenizer, PreTrainedModel
from transformers.utils import logging as transformers_logging

from iirl_core.config.encoding import Pooling, TextEncoderSection, Truncation, Weights
from iirl_core.demonstration import Input, conversation_of
from iirl_core.encoder.pooling import pool
from iirl_core.encoder.protocol import ArtifactKind, Encoded
from iirl_core.encoder.rendering import PLAIN_TEMPLATE, Around, Rendering
from iirl_core.encoder.shortening import shortened
from iirl_core.encoder.template import check_template
from iirl_core.encoder.tokenizer import check_tokenizer, is_causal
from iirl_core.encoder.weights import check_held, dtype_of, hold
from iirl_core.encoder.words import whole_words
from iirl_core.errors import ConfigError, one_line
from iirl_core.pretrained import check_weights, model_source
from iirl_core.reading import TokenCount


class TextEncoder:
    """Owns the model's weights, and holds them as ``weights`` says. Rows are float32, whatever their type on disk."""

    def __init__(
        self,
        model: PreTrainedModel,
        rendering: Rendering,
        batch: int,
        *,
        pooling: Pooling = "mean",
        weights: Weights = "fp32",
        trust_remote_code: bool,
    ) -> None:
        hold(model, weights)
        self.model, self.weights = model, weights
        self.rendering, self.batch, self.pooling = rendering, batch, pooling
        self.trust_remote_code = trust_remote_code

    @property
    def kind(self) -> ArtifactKind:
        """Takes conversations."""
        return "conversation"

    @property
    def width(self) -> int:
        """The model's hidden size."""
        return int(self.model.config.hidden_size)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Those that its tokenizer has a token for."""
        return whole_words(self.rendering.tokenizer.get_vocab())

    @torch.no_grad()
    def encode(self, inputs: Sequence[Input]) -> Encoded:
        """One row per conversation. Sorted by length inside, so that padding is short; equal texts are run once.

        Raises:
            InputError: a trajectory, or a conversation that the chat template refuses.
        """
        tokens = [self.rendering.tokens(conversation_of(item)) for item in inputs]
        places: dict[tuple[int, ...], int] = {}
        owners = [places.setdefault(item.ids, len(places)) for item in tokens]
        sequences = list(places)
        order = sorted(range(len(sequences)), key=lambda index: len(sequences[index]))
        pooled = torch.empty(len(sequences), self.width)
        for start in range(0, len(order), self.batch):
            chosen = order[start : start + self.batch]
            pooled[chosen] = self._pooled([sequences[index] for index in chosen])
        counts = tuple(TokenCount(len(item.ids), item.truncated) for item in tokens)
        return Encoded(pooled[owners], (1,) * len(tokens), counts)

    def _pooled(self, sequences: list[tuple[int, ...]]) -> Tensor:
        """``[B, D]`` on the CPU, padded on the right to the longest."""
        device = self.model.device
        longest = max(len(sequence) for sequence in sequences)
        pad = self.rendering.tokenizer.pad_token_id or 0
        ids = torch.tensor([[*sequence, *[pad] * (longest - len(sequence))] for sequence in sequences], device=device)
        lengths = torch.tensor([len(sequence) for sequence in sequences], device=device)
        mask = torch.arange(longest, device=device) < lengths.unsqueeze(1)
        hidden: Tensor = self.model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        return pool(hidden, mask, self.pooling).cpu()


def fit_text(section: TextEncoderSection) -> TextEncoder:
    """Load the model that the section names; nothing is fitted.

    Raises:
        ConfigError: there is no such model, or its weights are another's; it has fewer layers, or takes fewer tokens,
            than the section says;
            its first token, which was to stand for the text, sees none of it; the tokenizer is another's
            (``check_tokenizer``); the chat template drops the answer (``check_template``); or the model cannot be
            held so (``check_held``).
    """
    source = model_source(section.model)
    try:
        encoder = load_text(
            source,
            template=section.chat_template,
            max_tokens=section.max_tokens,
            truncation=section.truncation,
            batch=section.batch,
            pooling=section.pooling,
            weights=section.weights,
            trust_remote_code=section.trust_remote_code,
            layers=section.layers,
        )
    except (OSError, ValueError, ImportError) as error:
        raise ConfigError(
            f"encoder.model {section.model!r} cannot be loaded ({one_line(error)})", "a folder or hub name"
        ) from error
    takes = getattr(encoder.model.config, "max_position_embeddings", None) or section.max_tokens
    if section.max_tokens > takes:
        raise ConfigError(f"encoder.max_tokens {section.max_tokens}", f"at most the model's {takes}")
    if section.pooling == "cls" and is_causal(encoder.model):
        raise ConfigError(
            f"encoder.pooling cls: the first token of {section.model!r}, a causal model, sees no other", "last or mean"
        )
    name = f"encoder.model {section.model!r}"
    check_tokenizer(encoder.model, encoder.rendering.tokenizer, name)
    check_template(encoder.rendering, name)
    check_held(encoder.model, section.weights, name)
    return encoder


def load_text(
    source: str | Path,
    *,
    template: str | None,
    max_tokens: int,
    batch: int,
    pooling: Pooling,
    trust_remote_code: bool,
    truncation: Truncation,
    weights: Weights = "fp32",
    layers: int | None = None,
    around: Around | None = None,
) -> TextEncoder:
    """From a folder or hub name. Where ``template`` is None: the tokenizer's own, or our plain one; where ``layers`` is
    given: the first so many hidden layers of what lies there, without the head of a classifier; ``around`` and
    ``truncation``: as in Rendering.
    """
    transformers_logging.disable_progress_bar()
    here = Path(source).is_dir()
    tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=trust_remote_code, local_files_only=here)
    tokenizer.padding_side = "right"  # many decoders' say left, for generation; what is sealed says what is done
    part = {} if layers is None else shortened(source, layers, trust_remote_code=trust_remote_code)
    with _quietly():  # of what is left out on purpose
        model, read = AutoModel.from_pretrained(
            source,
            dtype=dtype_of(weights),
            trust_remote_code=trust_remote_code,
            local_files_only=here,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # to say ourselves which
            output_loading_info=True,
            **part,
        )
    misshapen = [name for name, *_ in read["mismatched_keys"]]
    check_weights(read["missing_keys"], misshapen, spare="pooler.")  # which nothing of ours needs
    written = template or tokenizer.chat_template or PLAIN_TEMPLATE
    rendering = Rendering(tokenizer, written, max_tokens, around, truncation)
    return TextEncoder(model, rendering, batch, pooling=pooling, weights=weights, trust_remote_code=trust_remote_code)


@contextmanager
def _quietly() -> Iterator[None]:
    said = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(said)
