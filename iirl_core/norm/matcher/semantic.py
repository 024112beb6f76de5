"""Meaning: how near a text lies to given examples in the rows of a text encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from iirl_core.canonical import Digest, JsonValue, digest_chunks
from iirl_core.config.norms import Part
from iirl_core.demonstration import Conversation, Message
from iirl_core.errors import ConfigError, one_line
from iirl_core.norm.matcher.protocol import PARTS, text_of
from iirl_core.pretrained import model_source

if TYPE_CHECKING:  # transformers takes seconds to import
    from iirl_core.encoder.remembering import RememberingEncoder
    from iirl_core.encoder.text import TextEncoder

MAX_TOKENS = 256
REMEMBERED = 20_000
CONTENT = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
"""A chat template that writes what is said and nothing around it."""


@dataclass(frozen=True)
class Semantic:
    """The cosine of ``part`` and the nearest of ``examples``, as ``model`` (a name of ``encoder.model``) encodes them,
    is at least ``least``. The model is loaded where it is first needed, once a process.

    Raises:
        ConfigError (when it is asked): there is no such model.
    """

    examples: tuple[str, ...]
    least: float
    model: str
    part: Part

    def matches(self, items: Sequence[Conversation], sources: Sequence[str]) -> NDArray[np.bool_]:  # noqa: ARG002
        """See the protocol."""
        return np.asarray(self.similarity(items) >= self.least, dtype=np.bool_)

    def similarity(self, items: Sequence[Conversation]) -> NDArray[np.float64]:
        """``[N]``: the cosine of each and the nearest example."""
        if not items:
            return np.zeros(0)
        said = _directions(self.model, [text_of(item, self.part) for item in items])
        return np.asarray((said @ _directions(self.model, self.examples).T).max(axis=1), dtype=np.float64)

    def told(self) -> str:
        """See the protocol."""
        return f"the {PARTS[self.part]} is as near as {self.least:g} to {' or '.join(self.examples[:2])}"

    def document(self) -> dict[str, JsonValue]:
        """See the protocol; the model stands as the digest of its weights and its tokenizer."""
        return {
            "kind": "semantic",
            "examples": list(self.examples),
            "least": self.least,
            "model": _digest(self.model),
            "part": self.part,
        }


def _directions(model: str, texts: Sequence[str]) -> NDArray[np.float64]:
    """``[N, D]``, each of length 1."""
    rows = _remembering(model).encode([Conversation((Message("assistant", text),)) for text in texts]).z
    directions = rows.double().numpy()
    return np.asarray(directions / np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-12))


@lru_cache(maxsize=4)
def _remembering(model: str) -> RememberingEncoder:
    from iirl_core.encoder.remembering import RememberingEncoder

    return RememberingEncoder(_encoder(model), REMEMBERED)


@lru_cache(maxsize=4)
def _encoder(model: str) -> TextEncoder:
    from iirl_core.encoder.text import load_text

    try:
        encoder = load_text(
            model_source(model),
            template=CONTENT,
            max_tokens=MAX_TOKENS,
            truncation="context",  # a text's beginning says most of what it is about
            batch=32,
            pooling="mean",
            trust_remote_code=False,
        )
    except (OSError, ValueError, ImportError) as error:
        raise ConfigError(
            f"norms[].matches: the model {model!r} cannot be loaded ({one_line(error)})", "a folder or hub name"
        ) from error
    takes = getattr(encoder.model.config, "max_position_embeddings", None) or MAX_TOKENS
    encoder.rendering.max_tokens = min(MAX_TOKENS, takes)
    return encoder


@lru_cache(maxsize=4)
def _digest(model: str) -> Digest:
    encoder = _encoder(model)
    weights = sorted(encoder.model.state_dict().items())
    tokenizer = encoder.rendering.tokenizer.backend_tokenizer.to_str().encode()
    return digest_chunks([tokenizer, *(name.encode() + tensor.numpy().tobytes() for name, tensor in weights)])
