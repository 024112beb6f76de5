"""The ways to learn from alpaca_eval that are set side by side: what plays demonstrations and what negatives.

init-sft       phi-2 → phi-2-sft              (AfD, arXiv 2405.15624, table 1: samples of π_init and of π_SFT)
init-demo      phi-2 → gpt4_1106_preview      (π_init and demonstrations)
sft-demo       phi-2-sft → gpt4_1106_preview  (π_SFT and demonstrations)
preference     Bradley-Terry on the judge's own clear preferences among the three models' answers
one-class      gpt4_1106_preview alone, a mixture of autoencoders
corrupted      gpt4_1106_preview against its own answers, spoilt
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.alpaca import DEMONSTRATOR, INIT, MAX_TOKENS, SFT, Answer, Rows, judged_of
from iirl_core.artifact import Learnt, Provenance, provenance_of
from iirl_core.canonical import JsonValue
from iirl_core.config.expertness import BradleyTerrySection, DiscriminatorSection, MixtureSection
from iirl_core.corpus.identity import identity_of
from iirl_core.corruption import corrupted
from iirl_core.demonstration import Conversation, Demonstration
from iirl_core.evaluation.judge import clear_pairs
from iirl_core.expertness import Batch, Expertness, ExpertnessSection, build_expertness
from iirl_core.expertness.discriminator import Discriminator

TWO_CLASSES = ("init-sft", "init-demo", "sft-demo", "preference", "corrupted")
"""The lessons that an encoder can be trained on: of one class, what is easiest to reconstruct says always the same."""
SHARES = {"mismatched": 0.5, "truncated": 0.5, "shuffled": 0.5, "repeated": 0.5}
EPOCHS, BATCH, RATE, DECAY = 30, 64, 1e-3, 0.1
FROZEN: dict[str, JsonValue] = {"tokens": MAX_TOKENS, "epochs": EPOCHS, "batch": BATCH, "rate": RATE, "decay": DECAY}
"""What a head over a frozen encoder depends on beside the lesson."""
UNITS = 384
"""Of each member's network."""

Scorer = Callable[[Sequence[Conversation]], np.ndarray]
"""Conversations → ``[N]``, of which only the order counts."""


@dataclass(frozen=True)
class Lesson:
    """What is learnt from: ``good`` conversations, and ``bad`` ones unless one class is enough; ``paired``: the i-th of
    each are the two sides of a comparison. ``provenance`` is what may be claimed of it.
    """

    good: tuple[Conversation, ...]
    bad: tuple[Conversation, ...] | None
    provenance: Provenance
    paired: bool = False


def lessons_of(train: Sequence[Answer]) -> dict[str, Lesson]:
    """By name."""

    def of(model: str) -> tuple[Conversation, ...]:
        return tuple(each.item for each in train if each.model == model)

    def against(good: str, bad: str, roles: tuple[str, str]) -> Lesson:
        return Lesson(of(good), of(bad), provenance_of([Learnt(role) for role in roles]))

    shown = of(DEMONSTRATOR)
    alone = provenance_of([Learnt("demonstrations")])
    records = [Demonstration(identity_of(item), item, DEMONSTRATOR, "train") for item in shown]
    spoilt = [item for record in records for _, item in corrupted(record, SHARES, shown)]
    return {
        "init-sft": against(SFT, INIT, ("sft-samples", "init-samples")),
        "init-demo": against(DEMONSTRATOR, INIT, ("demonstrations", "init-samples")),
        "sft-demo": against(DEMONSTRATOR, SFT, ("demonstrations", "sft-samples")),
        "preference": _preference(train),
        "one-class": Lesson(shown, None, alone),
        "corrupted": Lesson(shown, tuple(item for item in spoilt if isinstance(item, Conversation)), alone),
    }


def _preference(train: Sequence[Answer]) -> Lesson:
    """The judge's clear preferences among the three models' answers to each prompt that is learnt from. What is
    compared are answers of models, so it is no less than frozen-policy.
    """
    told = [each for each in train if each.golden is not None and each.model in (DEMONSTRATOR, INIT, SFT)]
    good, bad = (tuple(told[index].item for index in side.tolist()) for side in clear_pairs(judged_of(told)))
    samples = [Learnt(role, side=True) for role in ("init-samples", "sft-samples")]
    return Lesson(good, bad, provenance_of(samples, compared=True), paired=True)


def frozen_head(lesson: Lesson, seed: int, rows: Rows) -> Scorer:
    """A head over rows of a frozen encoder, trained by a plain loop; the section's own defaults."""
    model = fit(rows(lesson.good), None if lesson.bad is None else rows(lesson.bad), seed, paired=lesson.paired)
    return lambda items: signals(model, rows(items))


def fit(
    good: Tensor,
    bad: Tensor | None,
    seed: int,
    *,
    paired: bool = False,
    epochs: int = EPOCHS,
    section: ExpertnessSection | None = None,
    lengths: Tensor | None = None,
) -> Expertness:
    """``good [N, D]`` against ``bad [M, D]``; ``paired``: M = N sides of comparisons. ``section`` is the family, by
    default the one that learns from such rows; ``lengths [N + M]`` are logarithms, for one that is debiased.
    """
    torch.manual_seed(seed)
    z, expert = good, torch.ones(len(good))
    if bad is not None:
        z, expert = torch.cat([z, bad]), torch.cat([expert, torch.zeros(len(bad))])
    model = build_expertness(section or section_of(bad is not None, paired), good.shape[1])
    if isinstance(model, Discriminator) and bad is not None:
        model.balance(len(good), len(bad))
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    for _ in range(epochs):
        for chosen, numbers in batches(len(good), 0 if bad is None else len(bad), paired=paired):
            optimiser.zero_grad()
            length = None if lengths is None else lengths[chosen]
            batch = Batch(z[chosen], expert[chosen], torch.ones(len(chosen)), numbers, length=length)
            model.loss(batch).backward()
            optimiser.step()
    return model


def log_lengths(items: Sequence[Conversation]) -> Tensor:
    """``[N]``: logarithms of one more than each answer's characters, as ``fit`` wants them."""
    return torch.tensor([math.log1p(len(item.answer)) for item in items])


def section_of(two: bool, paired: bool) -> ExpertnessSection:
    """The family that learns from such rows."""
    if paired:
        return BradleyTerrySection(hidden=UNITS)
    return DiscriminatorSection(hidden=UNITS) if two else MixtureSection(experts=4, bottleneck=16)


def batches(good: int, bad: int, *, paired: bool = False, size: int = BATCH) -> Iterator[tuple[Tensor, Tensor]]:
    """An epoch: positions in ``[*good, *bad]`` and the rows' numbers. The sides of a comparison stay neighbours, with
    numbers that differ in the last bit.
    """
    if paired:
        for pairs in torch.randperm(good).split(size // 2):
            yield torch.stack([pairs, pairs + good], 1).flatten(), torch.stack([2 * pairs, 2 * pairs + 1], 1).flatten()
    else:
        for rows in torch.randperm(good + bad).split(size):
            yield rows, rows


@torch.no_grad()
def signals(model: Expertness, z: Tensor) -> np.ndarray:
    """``[N]``: the mean of the members' signals. All that is asked of them is an order."""
    return model.combined(model.eval().signals(z)).double().numpy()
