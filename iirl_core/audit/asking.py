"""Asking: probes → rewards of all their inputs in one batch, and where their first inputs lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from iirl_core.audit.example import Example, example_of
from iirl_core.demonstration import Input
from iirl_core.expertness import Episodes
from iirl_core.norm.judge import all_numbers
from iirl_core.norm.judgement import Answer
from iirl_core.probe import Probe
from iirl_core.probe.adaptive import OBSERVED
from iirl_core.probe.situations import UNKNOWN, Placed, Situations
from iirl_core.reward_model import RewardModel


@dataclass(frozen=True, eq=False)
class ProbeAnswers:
    """Of one probe: ``answers``, the step rewards of every input; ``alike``, whether both inputs encode to the same
    rows; ``numbers``, whether every reward is one; ``situation`` of the first input, whether it is ``uncovered``
    (``probe/situations.py``), and its ``middle [W]`` in whitened coordinates; ``disagreement`` in [0, 1] of the
    ensemble about the last input, at its worst step.
    """

    answers: tuple[Answer, ...]
    alike: bool
    numbers: bool
    situation: int
    uncovered: bool
    middle: NDArray[np.float32]
    disagreement: float


@dataclass(frozen=True, eq=False)
class ChunkAnswers:
    """Of P probes: ``answered [P]``; ``whitened [N, W]``, the offenders' rows, and ``owner [N]``, whose each is;
    ``examples``, the first input that is nearest to the middle of each situation, but for texts of
    users.
    """

    answered: tuple[ProbeAnswers, ...]
    whitened: NDArray[np.float32]
    owner: NDArray[np.int64]
    examples: tuple[Example, ...]


@torch.no_grad()
def ask(model: RewardModel, probes: Sequence[Probe], situations: Situations) -> ChunkAnswers:
    """All probes at once."""
    inputs: list[Input] = [item for probe in probes for item in probe.inputs]
    encoded = model.encoder.encode(inputs)
    whitened = model.spaces.bottleneck.apply(encoded.z).numpy()
    ends = np.cumsum(encoded.lengths)
    rewards, disagreement = model.with_disagreement(encoded.z, Episodes(encoded.lengths, encoded.absorbed))
    parts = iter(np.split(rewards.numpy(), ends[:-1]))
    answers = tuple(tuple(next(parts) for _ in probe.inputs) for probe in probes)
    divided = iter(np.split(disagreement.nan_to_num(nan=1.0).numpy(), ends[:-1]))
    disagreements = [float([next(divided) for _ in probe.inputs][-1].max()) for probe in probes]
    rows = iter(np.split(encoded.z.numpy(), ends[:-1]))
    pairs = [[next(rows) for _ in probe.inputs] for probe in probes]
    offends = [last for probe in probes for last in [False] * (len(probe.inputs) - 1) + [True]]
    firsts = np.cumsum([0, *(len(probe.inputs) for probe in probes)])[:-1]
    places = np.split(whitened, ends[:-1])
    middles = [places[first].mean(axis=0) for first in firsts] if len(probes) else []
    table = np.array(middles, np.float32).reshape(-1, whitened.shape[1])
    placed = situations.place(table)
    sound = all_numbers(answers)
    answered = tuple(
        ProbeAnswers(
            answers=each,
            alike=len(pair) == 2 and _same(pair[0], pair[1]),
            numbers=sound or all_numbers([each]),
            situation=int(number),
            uncovered=bool(uncovered),
            middle=middle,
            disagreement=worst,
        )
        for each, pair, number, uncovered, middle, worst in zip(
            answers, pairs, placed.number, placed.uncovered, table, disagreements, strict=True
        )
    )
    shown = np.repeat(np.array(offends, dtype=bool), encoded.lengths)
    owner = np.repeat([index for index, probe in enumerate(probes) for _ in probe.inputs], encoded.lengths)
    return ChunkAnswers(answered, whitened[shown], owner[shown].astype(np.int64), tuple(_examples(probes, placed)))


def _examples(probes: Sequence[Probe], placed: Placed) -> list[Example]:
    nearest = {}
    for index in np.argsort(-placed.apart, kind="stable").tolist():  # the nearest last, so that it stays
        if probes[index].origin == OBSERVED or placed.number[index] == UNKNOWN:
            continue
        nearest[int(placed.number[index])] = index
    return [
        example_of(number, float(placed.apart[index]), probes[index].inputs[0]) for number, index in nearest.items()
    ]


def _same(original: NDArray[np.float32], edited: NDArray[np.float32]) -> bool:
    """Up to the rounding of different batches."""
    return original.shape == edited.shape and bool(np.allclose(original, edited, rtol=0, atol=1e-6))
