"""A text encoder trained end to end with the head on top of it, by a plain loop: the same lessons as a frozen one's.

The head learns first, on rows of the frozen encoder, so that an untrained one does not lead the encoder astray (Kumar
et al., arXiv 2202.10054).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.learning import DECAY, RATE, Lesson, Scorer, batches, fit, signals
from iirl_core.canonical import JsonValue
from iirl_core.demonstration import Conversation
from iirl_core.encoder.text import TextEncoder, load_text
from iirl_core.pretrained import model_source
from iirl_core.tuning import Texts, Tuned
from iirl_core.tuning.transformer import trained_encoder, tuned_of
from iirl_core.tuning.tuned import ENCODER

LAYERS = 3
"""Of MiniLM's six, the lower ones: the upper ones serve what a text is about, and forget how it is written; and a step
costs as much as its layers.
"""
MAX_TOKENS = 96
"""Who answers well shows early, and a step costs as much as its tokens."""
HEAD_EPOCHS = 5
EPOCHS = 2
BATCH = 16
ENCODER_RATE = 2e-4
WARM_UP = 0.1
"""Of the steps; then half a cosine to 0."""
CLIP = 1.0
PRECISION = torch.bfloat16
"""Of products, in training and in use; weights, sums and the head's own training are float32."""
RECIPE: dict[str, JsonValue] = {
    "epochs": [HEAD_EPOCHS, EPOCHS],
    "batch": BATCH,
    "rates": [ENCODER_RATE, RATE],
    "decay": DECAY,
    "warm-up": WARM_UP,
    "clip": CLIP,
    "precision": str(PRECISION),
}
"""What rewards depend on beside the lesson, the layers and the tokens."""


def lower_layers(layers: int = LAYERS, tokens: int = MAX_TOKENS) -> TextEncoder:
    """MiniLM without its upper layers, reading so many tokens."""
    return load_text(
        model_source("minilm"),
        template=None,
        max_tokens=tokens,
        truncation="context",
        batch=32,
        pooling="mean",
        trust_remote_code=False,
        layers=layers,
    )


def tuned_head(lesson: Lesson, seed: int, encoder_of: Callable[[], TextEncoder] = lower_layers) -> Scorer:
    """As ``frozen_head``, but the encoder learns too.

    Raises:
        ValueError: one class alone: what is easiest to reconstruct is an encoder that says the same of everything.
    """
    if lesson.bad is None:
        raise ValueError("an encoder cannot be trained on one class alone")
    torch.manual_seed(seed)
    encoder = encoder_of()
    for each in encoder.model.modules():
        if isinstance(each, nn.Dropout):
            each.p = 0.0  # so few steps overfit little
    good, bad = (_rows(encoder, items) for items in (lesson.good, lesson.bad))
    model = fit(good, bad, seed, paired=lesson.paired, epochs=HEAD_EPOCHS)
    module = tuned_of(encoder, model)
    descend(module, texts_of(encoder, lesson.good, lesson.bad), paired=lesson.paired)
    trained = trained_encoder(encoder, module.state_dict())
    return lambda items: signals(model, _rows(trained, items))


def _rows(encoder: TextEncoder, items: Sequence[Conversation]) -> Tensor:
    """``[N, D]`` float32, computed as in training."""
    with torch.autocast("cpu", PRECISION):
        return encoder.encode(items).z.float()


def descend(module: Tuned, texts: Texts, *, paired: bool) -> None:
    """Train, in place, on ``texts``: as many of each class where ``paired``."""
    named = [(name, each) for name, each in module.named_parameters() if each.requires_grad]
    groups = [
        {"params": [each for name, each in named if name.startswith(ENCODER) == inside], "lr": rate}
        for inside, rate in ((True, ENCODER_RATE), (False, RATE))
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=DECAY)
    good = int(texts.expert.sum())
    order = [each for _ in range(EPOCHS) for each in batches(good, len(texts) - good, paired=paired, size=BATCH)]
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, partial(_share, steps=len(order)))
    for chosen, numbers in order:
        optimiser.zero_grad()
        with torch.autocast("cpu", PRECISION):
            loss = module(**replace(texts.pick(chosen.numpy()), row=numbers).tensors())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), CLIP)
        optimiser.step()
        schedule.step()


def _share(step: int, steps: int) -> float:
    """Of the learning rates, at a step from 0."""
    warm = max(1.0, WARM_UP * steps)
    return (step + 1) / warm if step < warm else (1 + math.cos(math.pi * (step - warm) / (steps - warm))) / 2


def texts_of(encoder: TextEncoder, good: Sequence[Conversation], bad: Sequence[Conversation]) -> Texts:
    """``[*good, *bad]`` as tokens."""
    ids = [np.array(encoder.rendering.tokens(item).ids, np.int32) for item in (*good, *bad)]
    expert = torch.cat([torch.ones(len(good)), torch.zeros(len(bad))])
    return Texts(
        ids=np.concatenate(ids),
        lengths=np.array([len(each) for each in ids], np.int64),
        expert=expert,
        weight=torch.ones(len(ids)),
        row=torch.arange(len(ids)),
    )
