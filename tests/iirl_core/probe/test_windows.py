"""A reward of windows: what the red team asks of it, and what it knows that a reward of single states cannot."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from iirl_core.artifact import Guard
from iirl_core.demonstration import Trajectory
from iirl_core.encoder import fit_encoder
from iirl_core.expertness import build_expertness
from iirl_core.norm import Region
from iirl_core.probe import FAMILIES, Material, PointReward, material_of
from iirl_core.reward_model import RewardModel, assemble
from tests.iirl_core.artifact.samples import config, fit
from tests.iirl_core.probe.samples import off_arc, seed, walk

WINDOW = 3


@cache
def reward(rows: str) -> tuple[RewardModel, Material]:
    """Learnt from walks along an arc, and what an audit of it is made from."""
    encoder_section: dict[str, object] = {"kind": "trajectory", "rows": rows}
    mapping = {"kind": "exponential", "demonstration_quantile": 0.99, "contrast_quantile": 0.3, "contrast_reward": 0.01}
    sections = config(encoder=encoder_section | ({"window": WINDOW} if rows == "windows" else {}), mapping=mapping)
    train, guard = [walk(number) for number in range(20)], [walk(number) for number in range(100, 106)]
    encoder = fit_encoder(sections.encoder, train)
    torch.manual_seed(0)
    expertness = build_expertness(sections.expertness, encoder.width)
    z, z_guard = encoder.encode(train).z, encoder.encode(guard).z
    fit(expertness, z, torch.ones(len(z)), steps=200)
    model = assemble(sections.mapping, encoder, expertness, z_train=z, z_guard=z_guard, z_contrast=None)
    assert Guard.of(model, z_guard, z).root_rewards.mean() > 0.3
    return model, material_of(model, [off_arc()], train)


@pytest.mark.parametrize(
    "family", ["uniform", "perturbed", "excursion", "correlated", "boundary", "ascent", "evolution"]
)
def test_a_point_is_asked_as_the_states_of_its_window(family: str) -> None:
    model, material = reward("windows")
    probes = FAMILIES[family].probes(seed(family), 12, material.searched_by(PointReward(model)))
    assert probes
    for probe in probes:
        (item,) = probe.inputs
        assert isinstance(item, Trajectory)
        assert item.observations.shape == (WINDOW, 2)


def test_the_first_row_of_what_is_asked_is_the_point_that_was_searched() -> None:
    model, material = reward("windows")
    probes = FAMILIES["ascent"].probes(seed("ascent"), 20, material.searched_by(PointReward(model)))
    encoded = model.encoder.encode([probe.inputs[0] for probe in probes])
    first = model.rewards(encoded.z)[::WINDOW]
    points = np.stack([item.observations.flatten() for probe in probes for item in probe.inputs])  # type: ignore[union-attr]
    assert first.numpy() == pytest.approx(PointReward(model).rewards(points.astype(np.float64)), abs=1e-5)


def test_every_state_of_a_window_may_go_as_far_as_a_norms_region() -> None:
    _, material = reward("windows")
    region = off_arc().region
    assert isinstance(region, Region)
    low, high = material.box
    for start in range(0, 2 * WINDOW, 2):
        assert (low[start : start + 2] <= region.low).all()
        assert (high[start : start + 2] >= region.high).all()


def test_it_knows_steps_at_other_times_where_a_reward_of_states_does_not() -> None:
    lost = {}
    for rows in ("states", "windows"):
        model, material = reward(rows)
        probes = FAMILIES["retimed"].probes(seed("retimed"), 60, material)
        shown, edited = (
            np.array([one.reward for one in model.read([probe.inputs[side] for probe in probes])]) for side in (0, 1)
        )
        permuted = np.array([probe.note == "permuted" for probe in probes])
        assert permuted.any()
        lost[rows] = float((shown - edited)[permuted].mean() / shown[permuted].mean())
    assert abs(lost["states"]) < 1e-3
    assert lost["windows"] > 0.5
