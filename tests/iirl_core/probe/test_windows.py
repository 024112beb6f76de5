"""A reward of windows: what the red team asks of it, and what it knows that a reward of single states cannot."""

from __future__ import annotations

import numpy as np
import pytest

from iirl_core.demonstration import Trajectory
from iirl_core.norm import Region
from iirl_core.probe import FAMILIES, Material, PointReward, material_of
from iirl_core.reward_model import RewardModel
from tests.iirl_core.probe.samples import off_arc, planar, seed

WINDOW = 3


def asked(window: int | None = WINDOW) -> tuple[RewardModel, Material]:
    """A reward learnt from walks along an arc, and what an audit of it is made from."""
    model, guard, train = planar(window)
    assert guard.root_rewards.mean() > 0.3
    return model, material_of(model, [off_arc()], train)


@pytest.mark.parametrize(
    "family", ["uniform", "far", "perturbed", "excursion", "correlated", "boundary", "ascent", "evolution"]
)
def test_a_point_is_asked_as_the_states_of_its_window(family: str) -> None:
    model, material = asked()
    probes = FAMILIES[family].probes(seed(family), 12, material.searched_by(PointReward(model)))
    assert probes
    for probe in probes:
        (item,) = probe.inputs
        assert isinstance(item, Trajectory)
        assert item.observations.shape == (WINDOW, 2)


def test_the_first_row_of_what_is_asked_is_the_point_that_was_searched() -> None:
    model, material = asked()
    probes = FAMILIES["ascent"].probes(seed("ascent"), 20, material.searched_by(PointReward(model)))
    encoded = model.encoder.encode([probe.inputs[0] for probe in probes])
    first = model.rewards(encoded.z)[::WINDOW]
    points = np.stack([item.observations.flatten() for probe in probes for item in probe.inputs])  # type: ignore[union-attr]
    assert first.numpy() == pytest.approx(PointReward(model).rewards(points.astype(np.float64)), abs=1e-5)


def test_every_state_of_a_window_may_go_as_far_as_a_norms_region() -> None:
    _, material = asked()
    region = off_arc().region
    assert isinstance(region, Region)
    low, high = material.box
    for start in range(0, 2 * WINDOW, 2):
        assert (low[start : start + 2] <= region.low).all()
        assert (high[start : start + 2] >= region.high).all()


def test_it_knows_steps_at_other_times_where_a_reward_of_states_does_not() -> None:
    lost = {}
    for rows, window in (("states", None), ("windows", WINDOW)):
        model, material = asked(window)
        probes = FAMILIES["retimed"].probes(seed("retimed"), 60, material)
        shown, edited = (
            np.array([one.reward for one in model.read([probe.inputs[side] for probe in probes])]) for side in (0, 1)
        )
        permuted = np.array([probe.note == "permuted" for probe in probes])
        assert permuted.any()
        lost[rows] = float((shown - edited)[permuted].mean() / shown[permuted].mean())
    assert abs(lost["states"]) < 1e-3
    assert lost["windows"] > 0.5
