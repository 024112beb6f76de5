"""Conversations → z with a column more: how much likelier the answer is to one language model than to another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoTokenizer, PreTrainedModel

from iirl_core.canonical import JsonValue
from iirl_core.config.encoding import Weights
from iirl_core.demonstration import Conversation, Input
from iirl_core.encoder.protocol import ArtifactKind, Encoded
from iirl_core.encoder.rendering import PLAIN_TEMPLATE, Rendering
from iirl_core.encoder.template import check_template
from iirl_core.encoder.text import TextEncoder
from iirl_core.encoder.tokenizer import check_tokenizer
from iirl_core.encoder.weights import check_held, dtype_of, hold
from iirl_core.errors import ConfigError, one_line
from iirl_core.policy.reading import read_language_model
from iirl_core.reading import TokenCount


class LanguageModel:
    """Owns a causal language model, held as ``weights`` says; ``policy`` is the digest of what it was loaded from."""

    def __init__(self, model: PreTrainedModel, rendering: Rendering, policy: str, weights: Weights = "fp32") -> None:
        hold(model, weights)
        self.model, self.rendering, self.policy = model, rendering, policy

    @classmethod
    def loaded(
        cls, folder: Path, *, max_tokens: int, policy: str, name: str, weights: Weights = "fp32"
    ) -> LanguageModel:
        """From a transformers folder, with the tokenizer's own chat template or our plain one; ``name`` is what a user
        calls it.

        Raises:
            ConfigError: it holds no causal language model, or one that takes fewer tokens, with another's tokenizer
                (``check_tokenizer``), a chat template that drops a turn (``check_template``), or one that cannot be
                held so (``check_held``).
        """
        made = cls._read(folder, max_tokens=max_tokens, policy=policy, name=name, template=None, weights=weights)
        check_tokenizer(made.model, made.rendering.tokenizer, name)
        check_template(made.rendering, name, questions=True, todo="Give its tokenizer another, or none for our own")
        check_held(made.model, weights, name)
        return made

    @classmethod
    def told(cls, folder: Path, document: dict[str, JsonValue], weights: Weights) -> LanguageModel:
        """The inverse of ``save`` and ``document``."""
        return cls._read(
            folder,
            max_tokens=int(cast(int, document["max_tokens"])),
            policy=str(document["policy"]),
            name=f"the policy in {folder.name}",
            template=str(document["chat_template"]),
            weights=weights,
        )

    @classmethod
    def _read(
        cls, folder: Path, *, max_tokens: int, policy: str, name: str, template: str | None, weights: Weights
    ) -> LanguageModel:
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model = read_language_model(folder, dtype_of(weights))
        except (OSError, ValueError, ImportError) as error:
            raise ConfigError(f"{name} cannot be loaded ({one_line(error)})", "a causal language model") from error
        takes = getattr(model.config, "max_position_embeddings", None) or max_tokens
        if max_tokens > takes:
            raise ConfigError(f"expertness.max_tokens {max_tokens}", f"at most the {takes} of {name}")
        rendering = Rendering(tokenizer, template or tokenizer.chat_template or PLAIN_TEMPLATE, max_tokens)
        return cls(model, rendering, policy, weights)

    def document(self) -> dict[str, JsonValue]:
        """All but the weights."""
        rendering = self.rendering
        return {"policy": self.policy, "chat_template": rendering.template, "max_tokens": rendering.max_tokens}

    def save(self, folder: Path) -> None:
        """A transformers folder."""
        self.model.save_pretrained(folder)
        self.rendering.tokenizer.save_pretrained(folder)

    @torch.no_grad()
    def log_probability(self, conversation: Conversation) -> tuple[float, bool]:
        """``log π(y|x)`` in nats, a sum over the answer's tokens and what ends it; and whether something was cut. Each
        conversation is read alone: sums over many tokens would tell batches apart.

        Raises:
            InputError: the chat template refuses the conversation.
        """
        answered = self.rendering.answered(conversation)
        ids = torch.tensor([answered.ids], device=self.model.device)
        start = max(answered.start, 1)  # a first token follows from nothing
        logits: Tensor = self.model(input_ids=ids, use_cache=False).logits[0, start - 1 : -1]
        surprise = functional.cross_entropy(logits.float(), ids[0, start:], reduction="none")
        return -float(surprise.double().sum()), answered.truncated


class RatioEncoder:
    """``z = [the text encoder's z, log π_SFT(y|x) − log π_init(y|x)]``; with ``lengths`` another column comes before
    the last: the logarithm of one more than the answer's tokens, as many of them as π_SFT reads.
    """

    def __init__(self, text: TextEncoder, sft: LanguageModel, init: LanguageModel, *, lengths: bool = False) -> None:
        self.text, self.sft, self.init, self.lengths = text, sft, init, lengths

    @property
    def kind(self) -> ArtifactKind:
        """Takes conversations."""
        return "conversation"

    @property
    def width(self) -> int:
        """The text encoder's, and one or two."""
        return self.text.width + 1 + self.lengths

    @property
    def words(self) -> tuple[str, ...]:
        """The text encoder's."""
        return self.text.words

    def encode(self, inputs: Sequence[Input]) -> Encoded:
        """One row per conversation; tokens are counted by the text encoder, cut is what any of the three cuts.

        Raises:
            InputError: a trajectory, or a conversation that a chat template refuses.
        """
        encoded = self.text.encode(inputs)
        known: dict[Input, tuple[list[float], bool]] = {}
        for one in inputs:
            if isinstance(one, Conversation) and one not in known:
                (sft, cut), (init, also) = self.sft.log_probability(one), self.init.log_probability(one)
                length = [math.log1p(self.sft.rendering.answer_tokens(one))] if self.lengths else []
                known[one] = ([*length, sft - init], cut or also)
        found = [known[one] for one in inputs]
        columns = torch.tensor([numbers for numbers, _ in found], dtype=torch.float32).reshape(-1, 1 + self.lengths)
        tokens = tuple(
            None if count is None else TokenCount(count.count, count.truncated or cut)
            for count, (_, cut) in zip(encoded.tokens, found, strict=True)
        )
        return Encoded(torch.cat([encoded.z, columns], dim=1), encoded.lengths, tokens)
