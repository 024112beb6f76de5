"""An encoder and one folded head → a stock classifier of transformers, in memory.

**BERT and its kind.** The stock head looks at the first token: ``tanh(h·A + a)·B + b``. So layers are added on top that
make the first token's h the LayerNorm of the pooled row:

* ``cls``: one layer that adds nothing, of which LayerNorm is left.
* ``mean``: queries and keys are 0, so attention is uniform; values are the hidden states themselves. The layer gives
  ``LayerNorm(c·z + x)``: the mean z of the states, and each token's own state x, which the residual adds. LayerNorm
  does not see the scale of what it is given, so this is LayerNorm(z) but for x/c. A second such layer averages that
  away: mean x is z, whose direction LayerNorm does not see either, and what is left is of the order of 1/c².

**Decoders.** The stock head is a line over the last token, as the folded head is: there is nothing to add.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModelForSequenceClassification, PreTrainedConfig, PreTrainedModel
from transformers.models.bert.modeling_bert import BertLayer

from iirl_core.classifier.folding import Folded
from iirl_core.demonstration import Conversation
from iirl_core.encoder.text import TextEncoder
from iirl_core.expertness.heads import EPSILON

AMPLIFIED = 2.0**11
"""c: the largest power of two with which states of up to 30 stay finite in float16."""
RAW = {"version": "", "activation_fn": "torch.nn.modules.linear.Identity"}
"""Tells sentence-transformers and vLLM's scores to put no sigmoid after a single output."""
AVERAGING = 2
"""Layers on top for ``mean``; 1 for ``cls``."""


@torch.no_grad()
def build_classifier(
    encoder: TextEncoder, folded: Folded, pad: int, samples: Sequence[Conversation]
) -> PreTrainedModel:
    """In evaluation mode; ``pad`` is the padding token. ``samples`` set the scale of the head: layers lose a few
    millionths of it.
    """
    own = encoder.model
    config = copy.deepcopy(own.config)
    config.num_labels, config.problem_type, config.pad_token_id = 1, "regression", pad
    config.id2label, config.label2id = {0: "signal"}, {"signal": 0}
    config.sentence_transformers = RAW
    if folded.dense is None or folded.dense_bias is None:
        return _scored(encoder, folded, config)
    config.num_hidden_layers += AVERAGING if encoder.pooling == "mean" else 1
    classifier = AutoModelForSequenceClassification.from_config(config).float().eval()
    base = classifier.base_model
    state = {name: tensor for name, tensor in own.state_dict().items() if not name.startswith("pooler.")}
    base.load_state_dict(state, strict=False)
    for layer in base.encoder.layer[own.config.num_hidden_layers :]:
        _normalise(layer, AMPLIFIED if encoder.pooling == "mean" else 0.0)
    dense, out = _head_of(classifier)
    _set(dense, folded.dense.T * _scale(base, encoder, samples), folded.dense_bias)
    _set(out, folded.weight.unsqueeze(0), torch.tensor([folded.bias]))
    return classifier.requires_grad_(False)


def _scored(encoder: TextEncoder, folded: Folded, config: PreTrainedConfig) -> PreTrainedModel:
    """Holds the encoder's own weights, not copies: a decoder is large."""
    with torch.device("meta"):
        classifier = AutoModelForSequenceClassification.from_config(config)
    setattr(classifier, classifier.base_model_prefix, encoder.model)
    classifier.score = nn.Linear(encoder.width, 1, bias=False, device=encoder.model.device)
    classifier.score.weight.copy_(folded.weight.unsqueeze(0))
    return classifier.eval().requires_grad_(False)


def _normalise(layer: BertLayer, amplified: float) -> None:
    """Make it give ``LayerNorm(amplified·mean of all states + own state)``."""
    for parameter in layer.parameters():
        parameter.zero_()
    identity = torch.eye(layer.attention.output.dense.weight.shape[0])
    layer.attention.self.value.weight.copy_(identity)
    layer.attention.output.dense.weight.copy_(amplified * identity)
    for part in (layer.attention.output, layer.output):
        part.LayerNorm.weight.fill_(1)


def _head_of(classifier: PreTrainedModel) -> tuple[nn.Linear, nn.Linear]:
    """The two linear parts of a stock tanh head: BERT's are its pooler and its classifier."""
    if classifier.config.model_type == "bert":
        return classifier.bert.pooler.dense, classifier.classifier
    return classifier.classifier.dense, classifier.classifier.out_proj


def _set(linear: nn.Linear, weight: Tensor, bias: Tensor) -> None:
    """Units that are not needed are 0."""
    linear.weight.zero_()
    linear.bias.zero_()
    linear.weight[: weight.shape[0], : weight.shape[1]] = weight
    linear.bias[: len(bias)] = bias


def _scale(base: PreTrainedModel, encoder: TextEncoder, samples: Sequence[Conversation]) -> float:
    """By how much the first token's states fall short of LayerNorm(z), by least squares."""
    wanted = functional.layer_norm(encoder.encode(samples).z, (encoder.width,), eps=EPSILON)
    given = []
    for sample in samples:
        ids = torch.tensor([encoder.rendering.tokens(sample).ids])
        given.append(base(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[:, 0])
    rows = torch.cat(given)
    return float((rows * wanted).sum() / rows.square().sum())
