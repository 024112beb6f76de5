from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from iirl_core.demonstration import Trajectory, conversation
from iirl_core.errors import ConfigError
from iirl_core.norm import (
    Bounds,
    Norm,
    NormKind,
    Observed,
    Region,
    Velocity,
    judge,
    judge_all,
    measured_on,
    norms_digest,
)
from iirl_core.norm.observed import BOX
from iirl_core.norm.region import Measured

SHOWN = [Trajectory([[0.0, 0.0], [1.0, 0.5], [2.0, 0.0]]), Trajectory([[4.0, 0.0], [3.5, 1.0]])]
CEILING = Norm("off", NormKind.CEILING, True, 3, 0.1, 0.05, ("uniform",), "why", "me")


def measured(kind: str, margin: float) -> Measured:
    return Observed(kind, margin).measured(SHOWN)  # type: ignore[arg-type]


def holds(region: Measured, *steps: list[float]) -> list[bool]:
    held: list[bool] = region.holds(np.array(steps, dtype=np.float32)).tolist()
    return held


def test_bounds_hold_what_leaves_them_in_any_dimension() -> None:
    bounds = Bounds(np.array([0.0, -1.0]), np.array([1.0, 1.0]))
    assert holds(bounds, [0.0, 1.0], [0.5, 0.0], [1.5, 0.0], [0.5, -1.5], [9.0, 9.0]) == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_a_velocity_holds_the_step_that_came_too_fast_and_no_first_one() -> None:
    velocity = Velocity(np.array([-1.0, -0.5]), np.array([1.0, 0.5]))
    assert holds(velocity, [9.0, 9.0], [8.0, 9.0], [8.0, 8.25], [8.0, 8.25]) == [False, False, True, False]
    assert holds(velocity, [9.0, 9.0]) == [False]


def test_velocities_are_not_measured_from_one_trajectory_to_the_next() -> None:
    norm = replace(CEILING, region=Velocity(np.array([-1.0]), np.array([1.0])))
    walks = [Trajectory([[0.0], [0.5]]), Trajectory([[9.0], [9.5]]), Trajectory([[9.0], [0.0]])]
    rewards = [(np.ones(2, dtype=np.float32),)] * 3
    judged = judge_all(norm, [(walk,) for walk in walks], rewards)
    assert [(each.speaks, each.step) for each in judged] == [(False, 0), (False, 0), (True, 1)]


def test_a_velocity_may_have_to_rise_and_may_fall_less_than_it_rises() -> None:
    forward = Velocity(np.array([0.1, -0.5]), np.array([1.0, 2.0]))
    assert holds(forward, [0.0, 0.0], [0.5, 1.9], [0.5, 1.9], [1.0, 1.3]) == [False, False, True, True]
    with pytest.raises(ConfigError, match="low ≤ high"):
        Velocity(np.array([1.0]), np.array([0.0]))


def test_observed_bounds_are_the_demonstrations_and_a_margin_in_ranges() -> None:
    bounds = measured("bounds", 0.25)
    assert isinstance(bounds, Bounds)
    assert bounds.low.tolist() == [-1.0, -0.25]
    assert bounds.high.tolist() == [5.0, 1.25]
    exact = measured("bounds", 0.0)
    assert not any(holds(exact, *(step for walk in SHOWN for step in walk.observations.tolist())))


def test_observed_velocities_are_the_demonstrations_and_a_share_of_them() -> None:
    velocity = measured("velocity", 0.5)
    assert isinstance(velocity, Velocity)
    assert velocity.low.tolist() == [-1.0, -1.0], "moves of −0.5 and −0.5 at least, of 1 at most"
    assert velocity.high.tolist() == [1.5, 1.5]
    assert not any(any(measured("velocity", 0.0).holds(walk.observations)) for walk in SHOWN)
    still = Observed("velocity", 0.5).measured([Trajectory([[1.0, 1.0]])])
    assert isinstance(still, Velocity)
    assert (still.low.tolist(), still.high.tolist()) == ([0.0, 0.0], [0.0, 0.0])


def test_an_observed_distance_is_in_deviations_per_root_of_dimensions() -> None:
    region = measured("distance", 1.0)
    assert isinstance(region, Region)
    assert region.unit is not None
    away = region.unit[0]
    assert holds(region, [4.0 + 0.99 * away, 0.0], [4.0 + 1.01 * away, 0.0]) == [False, True]
    assert holds(region, [4.0 + (BOX + 0.1) * away, 0.0]) == [False]


def test_norms_are_measured_before_they_are_asked_and_what_was_measured_is_pinned() -> None:
    written = [replace(CEILING, id=kind, region=Observed(kind, 0.1)) for kind in ("distance", "bounds", "velocity")]
    norms = measured_on([*written, CEILING], SHOWN)
    assert [type(norm.region) for norm in norms] == [Region, Bounds, Velocity, type(None)]
    others = measured_on([*written, CEILING], SHOWN[:1])
    assert len({norms_digest([norm]) for norm in (*written, *norms[:3], *others[:3])}) == 9
    walk, rewards = Trajectory([[0.0, 0.0], [9.0, 9.0]]), np.ones(2, dtype=np.float32)
    assert all(judge(norm, (walk,), (rewards,)).broken for norm in norms[1:])
    with pytest.raises(ConfigError, match="never measured"):
        judge(written[0], (walk,), (rewards,))
    with pytest.raises(ConfigError, match="trajectories to measure"):
        measured_on(written, [conversation("q", "a")])
