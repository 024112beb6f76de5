"""Material around small real models."""

from __future__ import annotations

import copy
import math
from functools import cache

import numpy as np

from iirl_core.artifact.guard import Guard
from iirl_core.demonstration import Input, Trajectory
from iirl_core.mapping.exponential import Exponential
from iirl_core.norm import Norm, NormKind, Region
from iirl_core.probe import ChunkSeed, Material, PointReward, material_of
from iirl_core.reward_model import RewardModel
from tests.iirl_core.artifact.samples import config, of_one_class

DIGEST = "sha256:" + "0" * 64
ARC = np.stack([np.cos(np.linspace(0, 3, 400)), np.sin(np.linspace(0, 3, 400))], axis=1)


def walk(seed: int) -> Trajectory:
    """Noisy states along an arc in the plane."""
    rng = np.random.default_rng(seed)
    return Trajectory(ARC[np.sort(rng.integers(len(ARC), size=40))] + rng.normal(0, 0.03, (40, 2)))


def off_arc() -> Norm:
    """Nothing farther than 0.3 from the arc may earn more than 0.05."""
    region = Region(ARC, 0.3, np.array([-1.5, -1.5]), np.array([1.5, 1.5]))
    families = ("uniform", "boundary", "ascent")
    return Norm("off-arc", NormKind.CEILING, True, 4, 0.05, 0.05, families, "stay", "me", region)


@cache
def planar(window: int | None = None) -> tuple[RewardModel, Guard, tuple[Input, ...]]:
    """A model of states in the plane, or of windows of them, whose reward is also high off the arc, its guard set, its
    demonstrations.
    """
    mapping = {"kind": "exponential", "demonstration_quantile": 0.99, "contrast_quantile": 0.3, "contrast_reward": 0.01}
    rows = {"rows": "states"} if window is None else {"rows": "windows", "window": window}
    sections = config(encoder={"kind": "trajectory", **rows}, mapping=mapping)
    train, guard = tuple(walk(seed) for seed in range(20)), [walk(seed) for seed in range(100, 106)]
    model, z, z_guard = of_one_class(sections, train, guard, steps=200)
    return model, Guard.of(model, z_guard, z), train


def planar_material() -> Material:
    """What an audit of ``planar`` is made from, with the reward to search."""
    model, _, train = planar()
    return material_of(model, [off_arc()], train).searched_by(PointReward(model))


def seed(family: str, chunk: int = 0, round_: int = 1) -> ChunkSeed:
    return ChunkSeed(DIGEST, round_, family, chunk)


@cache
def always(reward: float) -> RewardModel:
    """``planar``, but its reward is 0, 1 or NaN everywhere."""
    model, _, _ = planar()
    expertness, mapping = copy.deepcopy(model.expertness), Exponential(-2.0, -1.0, 1e6)
    if math.isnan(reward):
        next(iter(expertness.parameters())).data.fill_(math.nan)
    elif reward == 1:
        mapping = Exponential(1e9, 2e9, 1.0)
    return RewardModel(model.encoder, expertness, mapping, model.spaces, model.support)
