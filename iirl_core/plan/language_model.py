"""The shape of a causal language model that texts are read by: parameters, operations, and bytes.

Source: Kaplan et al. 2020 (arXiv 2001.08361, table 1), where the logits' product is *de-embed*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from iirl_core.errors import ConfigError
from iirl_core.plan.backbone import DECODERS, Backbone, backbone_of
from iirl_core.plan.compute import forward_flops
from iirl_core.plan.memory import WIDTH, activations


@dataclass(frozen=True)
class LanguageModelShape:
    """What ``AutoModelForCausalLM`` builds of a configuration: a ``backbone``, and a product that makes a logit for
    each token of the vocabulary; ``tied``, its weights are those of the embeddings.
    """

    backbone: Backbone
    tied: bool

    @property
    def parameters(self) -> int:
        """All of them, those that are tied once."""
        return self.backbone.parameters + (0 if self.tied else self.backbone.embeddings)

    @property
    def vocabulary(self) -> int:
        """Logits of a token."""
        return self.backbone.embeddings // self.backbone.width


def language_model_of(document: Mapping[str, object]) -> LanguageModelShape:
    """From the JSON of ``config.json``.

    Raises:
        ConfigError: its ``model_type`` is no decoder whose shape is known here, or a size is missing.
    """
    if document.get("model_type") not in DECODERS:
        kind = document.get("model_type")
        raise ConfigError(f"a language model of model_type {kind}", f"one of {', '.join(DECODERS)}")
    return LanguageModelShape(backbone_of(document), tied=bool(document.get("tie_word_embeddings", False)))


def reading_flops(model: LanguageModelShape, length: float) -> float:
    """Per token of a text of ``length``, forward alone: the backbone's, and ``2·V·d`` for the logits."""
    return forward_flops(model.backbone, length) + 2 * model.backbone.embeddings


def reading_bytes(model: LanguageModelShape, tokens: int) -> float:
    """The most that reading a text of so many tokens keeps beside the weights, in fp32: one layer's rows, or, later,
    the logits and their logarithms.
    """
    layer = activations(replace(model.backbone, layers=1), tokens, precision="fp32", checkpointing=False)
    return max(layer, 2.0 * WIDTH["fp32"] * tokens * model.vocabulary)
