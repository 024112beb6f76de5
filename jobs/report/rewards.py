"""Rewards before and after repair: of unseen demonstrations, of what they are told apart from, and over space."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from iirl_core.artifact import Artifact, Manifest
from iirl_core.audit import Finding
from iirl_core.config.corpora import CorpusSection
from iirl_core.demonstration import Input, Split, Trajectory
from iirl_core.encoder.trajectory import TrajectoryEncoder
from iirl_core.norm import Norm, Region
from iirl_core.patch import Patch, Repairs
from iirl_core.probe import PointReward
from iirl_core.report import RewardField, RewardGroup
from iirl_core.store.protocol import Store
from jobs.learnt import corpus_behind

MOST = 500
"""Inputs of each group that are read for the report."""
GRID = 24
POINTS = 2000


def corpus_inputs(
    store: Store, manifest: Manifest, sections: Sequence[CorpusSection], splits: Sequence[Split]
) -> list[Input]:
    """The first ``MOST`` inputs of some corpora, in some splits."""
    demonstrations = (
        one.input
        for section in sections
        for split in splits
        for one in corpus_behind(store, manifest, section).demonstrations(split)
    )
    return list(islice(demonstrations, MOST))


def encode(artifact: Artifact, inputs: Sequence[Input]) -> Tensor | None:
    """``z [N, D]`` of all their rows; None for no inputs."""
    return artifact.model.encoder.encode(inputs).z if inputs else None


@torch.no_grad()
def reward_groups(artifact: Artifact, unseen: Tensor | None, contrast: dict[str, Tensor]) -> tuple[RewardGroup, ...]:
    """Unseen demonstrations first, then each group of what is told apart from them."""
    root = artifact.model.with_repairs(Repairs())

    def group(name: str, role: Literal["demonstrations", "contrast"], z: Tensor) -> RewardGroup:
        return RewardGroup(name, role, root.rewards(z).numpy(), artifact.model.rewards(z).numpy())

    first = [] if unseen is None else [group("unseen demonstrations", "demonstrations", unseen)]
    return (*first, *(group(name, "contrast", z) for name, z in contrast.items()))


def reward_field(
    artifact: Artifact, norms: Sequence[Norm], demonstrations: Iterable[Input], findings: Sequence[Finding]
) -> RewardField | None:
    """The reward on a grid, for states of two or three dimensions; None for anything else."""
    encoder = artifact.model.encoder
    if not isinstance(encoder, TrajectoryEncoder) or encoder.rows != "states" or encoder.observations not in (2, 3):
        return None
    shown = [item.observations for item in demonstrations if isinstance(item, Trajectory)]
    points = _thinned(np.concatenate(shown).astype(np.float64))
    regions = [norm.region for norm in norms if isinstance(norm.region, Region)]
    low = np.min([points.min(axis=0), *(region.low for region in regions)], axis=0)
    high = np.max([points.max(axis=0), *(region.high for region in regions)], axis=0)
    axes = [np.linspace(a, b, GRID) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    shape = (GRID,) * len(axes)
    places = {finding.id: place for finding in findings if (place := _place(finding)) is not None}
    return RewardField(
        axes=tuple("xyz"[: len(axes)]),
        low=low,
        high=high,
        before=PointReward(artifact.model.with_repairs(Repairs())).rewards(grid).reshape(shape),
        after=PointReward(artifact.model).rewards(grid).reshape(shape),
        demonstrations=points,
        flaws=_thinned(np.array(list(places.values())).reshape(-1, len(axes))),
        kernels=_cited(artifact.model.patches, places, len(axes)),
    )


def _place(finding: Finding) -> NDArray[np.float64] | None:
    offender = finding.offender
    return offender.observations[finding.step].astype(np.float64) if isinstance(offender, Trajectory) else None


def _cited(patches: Sequence[Patch], places: dict[str, NDArray[np.float64]], dimensions: int) -> NDArray[np.float64]:
    """``[K, d]``: the middle of the flaws that each enabled patch cites."""
    middles = []
    for patch in patches:
        cited = [places[name] for name in patch.findings if name in places]
        if patch.enabled and cited:
            middles.append(np.mean(cited, axis=0))
    return np.array(middles, dtype=np.float64).reshape(-1, dimensions)


def _thinned(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most ``POINTS`` of them, evenly."""
    return points[np.linspace(0, len(points) - 1, min(len(points), POINTS)).astype(int)] if len(points) else points
