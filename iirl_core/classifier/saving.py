"""Write a model's encoder as a stock classifier that gives the unpatched signal, or say why not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import torch
from safetensors import safe_open
from transformers import AutoModelForSequenceClassification, PreTrainedModel, PreTrainedTokenizerBase
from transformers.modeling_layers import GenericForSequenceClassification
from transformers.utils import SAFE_WEIGHTS_INDEX_NAME, SAFE_WEIGHTS_NAME

from iirl_core.canonical import JsonValue
from iirl_core.classifier.building import build_classifier
from iirl_core.classifier.folding import Folded, fold
from iirl_core.classifier.older import model_for_older, tokenizer_for_older
from iirl_core.classifier.refusal import HEADLESS, Shape, refusal
from iirl_core.classifier.tokenizing import breaks_alike, cuts_alike, stock_tokenizer, written
from iirl_core.demonstration import Conversation
from iirl_core.encoder.text import TextEncoder
from iirl_core.expertness.heads import Heads
from iirl_core.reward_model import RewardModel

TOLERANCE = 1e-4
"""How far a classifier's signal may lie from the model's; relative above 1."""
CONFIG, TOKENIZER_CONFIG = "config.json", "tokenizer_config.json"
CUT_OTHERWISE = (
    "of a text that is too long the tokenizer, used in the stock way, keeps other tokens than training did under"
    " encoder.truncation: left, as where it puts special tokens around a text itself (encoder.truncation: context"
    " promises nothing of such texts)"
)


def save_classifier(model: RewardModel, folder: Path, samples: Sequence[Conversation]) -> str | None:
    """Write a folder that ``AutoModelForSequenceClassification`` loads, and the encoder's own loader too; or write
    nothing and return why no stock classifier gives the model's unpatched signal.

    ``samples`` are read by both, and have to agree to 1e-4: what is promised was tried.
    """
    encoder, heads = model.encoder, model.expertness
    if not isinstance(encoder, TextEncoder) or not isinstance(heads, Heads):
        return HEADLESS
    folded = fold(heads)
    if reason := refusal(_shape(encoder, heads, folded)):
        return reason
    tokenizer = stock_tokenizer(encoder.rendering)
    if folded is None or tokenizer is None:
        return "the tokenizer has no token to pad with that does not occur in texts"
    tried = [sample for sample in samples if _alike(tokenizer, encoder, sample)]
    if reason := _untried(tokenizer, encoder, samples, tried):
        return reason
    classifier = build_classifier(encoder, folded, tokenizer.pad_token_id, tried)
    said = torch.tensor([reading.signal for reading in model.read(tried)])
    given = _signals(classifier, tokenizer, [written(tokenizer, sample) for sample in tried])
    apart = float(((given - said).abs() / said.abs().clamp(min=1)).max())
    if not apart <= TOLERANCE:  # negated, so that what is not a number is refused
        return f"the classifier's signals lie up to {apart:.1g} from the model's"
    _write(classifier, tokenizer, folder)
    return None


def _untried(
    tokenizer: PreTrainedTokenizerBase,
    encoder: TextEncoder,
    samples: Sequence[Conversation],
    tried: Sequence[Conversation],
) -> str | None:
    """Why what was tried says nothing of all texts. Where training cut ``left``, texts that are too long are promised
    too: by their tokens, because texts of the same tokens have the same signal, and one as long as any costs much.
    """
    others = [sample for sample in samples if sample not in tried]
    if not all(encoder.rendering.tokens(sample).truncated for sample in others):
        return "the tokenizer, used in the stock way, gives other tokens than training saw"
    if not breaks_alike(tokenizer, encoder.rendering):
        return "its chat template, used in the stock way, breaks other things in messages than training did"
    if encoder.rendering.truncation == "left" and (others or not cuts_alike(tokenizer, encoder.rendering)):
        return CUT_OTHERWISE
    if not tried:
        return f"encoder.max_tokens {encoder.rendering.max_tokens} is too short to try a classifier on whole answers"
    return None


def tell_patches(config: bytes, repairs: Mapping[str, int]) -> bytes:
    """The bytes of a classifier's ``config.json``, that of an artifact with this many enabled repairs of each kind:
    none of them is in the classifier.
    """
    document = json.loads(config)
    document["iirl"] = _told(repairs)
    return _json(document)


def _shape(encoder: TextEncoder, heads: Heads, folded: Folded | None) -> Shape:
    stock = AutoModelForSequenceClassification._model_mapping.get(type(encoder.model.config), None)
    return Shape(
        model_type=encoder.model.config.model_type,
        scored=stock is not None and issubclass(stock, GenericForSequenceClassification),
        remote_code=encoder.trust_remote_code,
        pooling=encoder.pooling,
        averaged=heads.combine == "mean",
        width=encoder.width,
        units=0 if heads.linear else heads.members * heads.head.shape[1],
        line=folded is not None,
        shift=0.0 if folded is None else folded.bias,
    )


@torch.no_grad()
def _signals(classifier: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> torch.Tensor:
    """``[N]``, as a stranger would ask: one padded batch."""
    batch = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
    device = next(classifier.parameters()).device
    return cast(torch.Tensor, classifier(**batch.to(device)).logits[:, 0].cpu())


def _alike(tokenizer: PreTrainedTokenizerBase, encoder: TextEncoder, sample: Conversation) -> bool:
    """Whether the stock tokens of a text are those of training. Where training cut ``context``, they are not where an
    answer is too long.
    """
    ids = tokenizer(written(tokenizer, sample), truncation=True)["input_ids"]
    return tuple(ids) == encoder.rendering.tokens(sample).ids


def _write(classifier: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Beside the weights lies an index that names them: other files of the folder hold tensors too, which are not the
    classifier's. However matrices are held, what loads them without a word computes in float32, as the model does.
    """
    classifier.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    document = model_for_older(json.loads((folder / CONFIG).read_bytes()))
    (folder / CONFIG).write_bytes(tell_patches(_json({**document, "dtype": "float32"}), {"patches": 0}))
    told = tokenizer_for_older(json.loads((folder / TOKENIZER_CONFIG).read_bytes()))
    (folder / TOKENIZER_CONFIG).write_bytes(_json(told))
    if not (folder / SAFE_WEIGHTS_INDEX_NAME).exists():
        with safe_open(folder / SAFE_WEIGHTS_NAME, "pt") as weights:
            names = sorted(weights.keys())
        size = (folder / SAFE_WEIGHTS_NAME).stat().st_size
        index: JsonValue = {"metadata": {"total_size": size}, "weight_map": dict.fromkeys(names, SAFE_WEIGHTS_NAME)}
        (folder / SAFE_WEIGHTS_INDEX_NAME).write_bytes(_json(index))


def _told(repairs: Mapping[str, int]) -> dict[str, JsonValue]:
    return {"gives": "the unpatched signal, not the reward", **repairs}


def _json(document: JsonValue) -> bytes:
    return json.dumps(document, indent=2, sort_keys=True).encode() + b"\n"
