from __future__ import annotations

import numpy as np
import pytest

from iirl_core.demonstration import Trajectory
from iirl_core.probe import PointReward
from tests.iirl_core.artifact.samples import patch_at
from tests.iirl_core.probe.samples import planar, planar_material, walk


def test_points_get_the_patched_rewards_of_one_step_trajectories() -> None:
    model, _, _ = planar()
    patched = model.with_patches([patch_at(model, walk(3), strength=0.7)])
    points = planar_material().points[:20]
    expected = patched.read([Trajectory(points)])[0].step_rewards
    assert PointReward(patched).rewards(points) == pytest.approx(expected, abs=1e-5)
    assert PointReward(patched).rewards(points).min() < PointReward(model).rewards(points).min()


def test_slopes_are_those_of_the_log_reward() -> None:
    model, _, _ = planar()
    reward = PointReward(model)
    points = np.random.default_rng(0).uniform(-1.4, 1.4, (200, 2))
    inside = (reward.rewards(points) > 0.02) & (reward.rewards(points) < 0.9)
    points, step = points[inside], 1e-3
    slopes = reward.slopes(points)
    for axis in range(2):
        shift = np.eye(2)[axis] * step
        measured = (np.log(reward.rewards(points + shift)) - np.log(reward.rewards(points - shift))) / (2 * step)
        assert np.median(np.abs(measured - slopes[:, axis])) < 0.05 * np.abs(slopes[:, axis]).mean()
