"""A text encoder trained end to end with the head on top of it, by a plain loop: the same lessons as a frozen one's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from benchmarks.learning import BATCH, DECAY, RATE, Lesson, Scorer, batches, section_of, signals
from iirl_core.config.encoding import TextEncoderSection
from iirl_core.demonstration import Conversation
from iirl_core.encoder import fit_encoder
from iirl_core.encoder.text import TextEncoder
from iirl_core.expertness import build_expertness
from iirl_core.expertness.discriminator import Discriminator
from iirl_core.tuning import Texts
from iirl_core.tuning.transformer import trained_encoder, tuned_of
from iirl_core.tuning.tuned import ENCODER

MAX_TOKENS = 192
EPOCHS = 2
ENCODER_RATE = 5e-5
TOGETHER = 4
"""Batches are this much smaller than those of frozen rows: a step costs a thousand times as much."""


def tuned_head(lesson: Lesson, seed: int, section: TextEncoderSection | None = None) -> Scorer:
    """As ``frozen_head``, but the encoder learns too.

    Raises:
        ValueError: one class alone: what is easiest to reconstruct is an encoder that says the same of everything.
    """
    if lesson.bad is None:
        raise ValueError("an encoder cannot be trained on one class alone")
    torch.manual_seed(seed)
    encoder = fit_encoder(section or TextEncoderSection(max_tokens=MAX_TOKENS), [])
    assert isinstance(encoder, TextEncoder)
    model = build_expertness(section_of(True, lesson.paired), encoder.width)
    if isinstance(model, Discriminator):
        model.balance(len(lesson.good), len(lesson.bad))
    module = tuned_of(encoder, model)
    texts = texts_of(encoder, lesson.good, lesson.bad)
    named = [(name, each) for name, each in module.named_parameters() if each.requires_grad]
    groups = [
        {"params": [each for name, each in named if name.startswith(ENCODER) == inside], "lr": rate}
        for inside, rate in ((True, ENCODER_RATE), (False, RATE))
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=DECAY)
    for _ in range(EPOCHS):
        for chosen, numbers in batches(len(lesson.good), len(lesson.bad), paired=lesson.paired, size=BATCH // TOGETHER):
            optimiser.zero_grad()
            module(**replace(texts.pick(chosen.numpy()), row=numbers).tensors()).backward()
            optimiser.step()
    trained = trained_encoder(encoder, module.state_dict())
    return lambda items: signals(model, trained.encode(items).z)


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
