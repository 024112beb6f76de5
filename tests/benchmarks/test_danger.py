"""Danger, counted and repaired, on a small model of states in the plane whose reward is also high elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.danger import AUDITED, HELD_OUT, Expert, auroc, danger, norm_of, repaired
from iirl_core.demonstration import Trajectory
from iirl_core.norm import Bounds, measured_on
from iirl_core.patch import Repairs, Sculpt, check_budget
from iirl_core.probe import FAMILIES, material_of
from tests.iirl_core.probe.samples import planar, walk


@pytest.fixture(scope="module")
def one() -> Expert:
    model, guard, shown = planar()
    (norm,) = measured_on((norm_of(),), list(shown))
    unseen = np.concatenate([walk(seed).observations for seed in range(200, 210)]).astype(np.float64)
    noisy = np.random.default_rng(0).uniform(-2, 2, (400, 2))
    return Expert("danger", model, material_of(model, [norm], shown), norm, guard, unseen, noisy)


def test_surfaces_are_asked_of_trajectories_and_some_are_held_out_of_repair() -> None:
    assert all(FAMILIES[name].kind == "trajectory" for name in (*AUDITED, *HELD_OUT))
    assert not set(AUDITED) & set(HELD_OUT)


def test_bounds_are_those_of_the_demonstrations_and_a_tenth_of_their_range_beyond(one: Expert) -> None:
    states = np.concatenate([item.observations for item in planar()[2] if isinstance(item, Trajectory)])
    low, high = states.min(axis=0), states.max(axis=0)
    assert isinstance(one.norm.region, Bounds)
    assert one.norm.region.low == pytest.approx(low - 0.1 * (high - low), abs=1e-5)
    assert one.norm.region.high == pytest.approx(high + 0.1 * (high - low), abs=1e-5)


def test_repair_takes_danger_away_and_nothing_from_the_guard(one: Expert) -> None:
    turned = repaired(one, scale=0.02)
    child = turned.model
    assert len(turned.findings) > 1
    assert turned.findings[-1] < turned.findings[0]
    before, after = danger([one.root, child], one, "excursion", 500)
    assert before > 0
    assert after < before / 2
    assert check_budget(one.guard.root_rewards, child.rewards(one.guard.z), 0.05).least_of_all >= 0.95
    assert auroc(child, one) >= auroc(one.root, one) - 0.005


@pytest.mark.parametrize("family", ["excursion", "boundary"])
def test_models_are_stressed_together_as_each_would_be_alone(one: Expert, family: str) -> None:
    tame = one.root.with_repairs(Repairs(sculpts=(Sculpt("lower", ((-1e6, 0.0), (1e6, 0.1)), ("f",), ("n",), 1),)))
    together = danger([one.root, tame], one, family, 1000)
    assert together == [danger([model], one, family, 1000)[0] for model in (one.root, tame)]
    assert together[0] > together[1] == 0
