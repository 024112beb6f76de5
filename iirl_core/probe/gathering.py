"""What an audit asks with, gathered: from demonstrations, corpora, former findings and norms to Material."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from iirl_core.demonstration import Input, Trajectory
from iirl_core.encoder.rows import state_columns
from iirl_core.encoder.trajectory import TrajectoryEncoder
from iirl_core.errors import InputError
from iirl_core.norm.norm import Norm
from iirl_core.norm.region import Bounds, Region
from iirl_core.probe.material import Material
from iirl_core.probe.probe import Probe
from iirl_core.probe.situations import SITUATIONS, Situations
from iirl_core.reward_model import RewardModel

SAMPLE_INPUTS = 4096
SAMPLE_STEPS = 20_000
BEYOND = 0.5
"""The box reaches this many ranges past a norm's bounds."""
WIDEN = 0.25
"""Without regions, the box in which trajectories are asked about is that of the demonstrations, widened by this."""


def material_of(
    model: RewardModel,
    norms: Sequence[Norm],
    demonstrations: Sequence[Input],
    corpus: Sequence[Input] = (),
    former: Sequence[Probe] = (),
    *,
    sources: Sequence[str] = (),
    corpus_sources: Sequence[str] = (),
    situations: int = SITUATIONS,
) -> Material:
    """The material of an audit: a bounded, evenly spaced sample of ``demonstrations``, and at most so many
    ``situations``; for trajectories the box of the demonstrations and of the norms' regions together.

    Raises:
        InputError: there are no demonstrations.
    """
    if not demonstrations:
        raise InputError("an audit without demonstrations", "at least one to perturb")
    chosen = _sample(demonstrations)
    sample = tuple(demonstrations[index] for index in chosen)
    encoder, cut = model.encoder, Situations.fit(model.support, situations)
    if not isinstance(encoder, TrajectoryEncoder):
        named = tuple(sources[index] for index in chosen) if sources else ()
        return Material(
            sample,
            tuple(corpus),
            tuple(former),
            sources=named,
            corpus_sources=tuple(corpus_sources),
            pairs=tuple(pair for norm in norms for pair in pairs_of(norm)),
            situations=cut,
        )
    regions = tuple(norm.region for norm in norms if isinstance(norm.region, Region | Bounds))
    bare = Material(sample, tuple(corpus), tuple(former), encoder.rows, encoder.window)
    low, high = bare.points.min(axis=0), bare.points.max(axis=0)
    if not regions:
        low, high = low - WIDEN * (high - low), high + WIDEN * (high - low)
    for region in regions:
        for start in state_columns(encoder.rows, encoder.observations, encoder.actions, encoder.window):
            columns = slice(start, start + region.width)
            room = BEYOND * region.reach if isinstance(region, Bounds) else 0.0
            low[columns] = np.minimum(low[columns], region.low - room)
            high[columns] = np.maximum(high[columns], region.high + room)
    return replace(bare, low=low, high=high, regions=regions, situations=cut)


def pairs_of(norm: Norm) -> list[Probe]:
    """Every comparison of a norm, to be asked about that norm alone; named when it is asked."""
    return [
        Probe((one.chosen, one.rejected), "pairs", "pairs", source, norm.id, source) for source, one in norm.comparisons
    ]


def _sample(inputs: Sequence[Input]) -> list[int]:
    """Indices, evenly spaced, of at most ``SAMPLE_INPUTS`` inputs and about ``SAMPLE_STEPS`` steps."""
    count = min(len(inputs), SAMPLE_INPUTS)
    steps = sum(len(item) if isinstance(item, Trajectory) else 1 for item in inputs)
    count = max(1, min(count, int(len(inputs) * SAMPLE_STEPS / steps)))
    return [int(index) for index in np.linspace(0, len(inputs) - 1, count)]
