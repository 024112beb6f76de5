"""Floors mended by boosts: near their flaws, and away from what ceilings speak of."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from iirl_core.audit import Finding
from iirl_core.config.governance import PatchSection
from iirl_core.demonstration import Input, Trajectory
from iirl_core.expertness import Episodes
from iirl_core.norm import Norm, NormKind, Region
from iirl_core.patch import Patch, check_budget
from iirl_core.patch.boosting import STRENGTHS, Lows, boosts
from iirl_core.probe import material_of
from iirl_core.repair import Plan, choose, ground_of
from tests.iirl_core.probe.samples import DIGEST, planar, seed

KERNELS = PatchSection(kinds=["kernels"], spaces=["input"])
PLACE = np.array([0.0, -1.2])
"""Off the arc, where the model pays nothing."""


def floor(place: NDArray[np.float64] = PLACE, side: float = 0.2) -> Norm:
    """All around ``place`` must earn something."""
    box = Region(np.array([[9.0, 9.0]]), 0.1, place - side, place + side)
    return Norm("here-pays", NormKind.FLOOR, True, 4, 0.5, 0.05, ("uniform",), "a bridge", "me", box)


def ceiling(place: NDArray[np.float64], side: float) -> Norm:
    box = Region(np.array([[9.0, 9.0]]), 0.1, place - side, place + side)
    return Norm("here-does-not", NormKind.CEILING, True, 4, 0.05, 0.05, ("uniform",), "a pit", "me", box)


def flaws(norm: Norm, places: Sequence[NDArray[np.float64]]) -> list[Finding]:
    model, _, _ = planar()
    items: list[Input] = [Trajectory(place[None].astype(np.float32)) for place in places]
    found = []
    for number, (item, reading) in enumerate(zip(items, model.read(items), strict=True)):
        lacks = norm.threshold - reading.reward
        excess = lacks if norm.kind is NormKind.FLOOR else -lacks
        made = (DIGEST, 1, norm.id, True, 4, "uniform", f"uniform/1.0.{number}", "", (item,), (reading.reward,), excess)
        found.append(Finding(*made))  # type: ignore[arg-type]
    return found


def around(place: NDArray[np.float64], count: int = 12, side: float = 0.2) -> list[NDArray[np.float64]]:
    return list(np.random.default_rng(0).uniform(place - side, place + side, (count, 2)))


def chosen(found: Sequence[Finding], *norms: Norm) -> Plan:
    model, guard, train = planar()
    ground = ground_of(
        model, found, norms, material=material_of(model, norms, train), seed=seed("trial"), section=KERNELS.trial
    )
    return choose(found, ground, guard, KERNELS, 1)


def test_a_floors_findings_are_mended_by_few_boosts_that_cite_them() -> None:
    model, guard, _ = planar()
    found = flaws(floor(), around(PLACE))
    assert all(one.excess > 0.4 for one in found), "nothing is paid here before"
    plan = chosen(found, floor())
    assert plan.refused == ()
    patches = plan.repairs.patches
    assert {patch.effect for patch in patches} == {"boost"}
    assert len(patches) < len(found) / 2
    assert {name for patch in patches for name in patch.findings} == {one.id for one in found}
    repaired = model.with_patches(patches)
    assert min(reading.reward for reading in repaired.read([one.offender for one in found])) >= 0.5
    far = [Trajectory([[-1.4, -1.4], [1.4, 1.4]])]
    assert repaired.read(far)[0].step_rewards == model.read(far)[0].step_rewards
    assert plan.trial is not None
    assert plan.trial.cost == 0
    assert check_budget(guard.root_rewards, repaired.rewards(guard.z), 0.05).holds


def test_a_boost_ends_before_what_a_ceiling_speaks_of_and_is_refused_beside_it() -> None:
    model, _, _ = planar()
    pit = PLACE + np.array([0.8, 0.0])
    norms = (floor(side=0.5), ceiling(pit, 0.3))
    plan = chosen(flaws(norms[0], [PLACE, pit]), *norms)
    (patch,) = plan.repairs.patches
    below = Trajectory([pit - 0.25, pit, pit + 0.25])
    repaired = model.with_patches([patch])
    assert repaired.read([below])[0].step_rewards == model.read([below])[0].step_rewards
    (refusal,) = plan.refused
    assert refusal.finding == flaws(norms[0], [PLACE, pit])[1].id
    assert "a ceiling speaks of" in refusal.reason


def test_what_lies_under_a_kernel_that_suppresses_is_refused() -> None:
    model, _, _ = planar()
    z = model.encoder.encode([Trajectory(PLACE[None])]).z
    centre = tuple(model.space(z, "input")[0][0, 0].tolist())
    over = Patch("suppress", "input", 0, centre, 0.5, 2000.0, ("f-1",), ("off-arc",), 1)
    lows = Lows(z, torch.tensor([0.5]), ("f-2",), ("here-pays",))
    assert len(boosts(model, lows, z[:0], KERNELS, 1).patches) == 1
    refused = boosts(model.with_patches([over]), lows, z[:0], KERNELS, 1)
    assert refused.patches == ()
    assert [one.finding for one in refused.refused] == ["f-2"]


def test_a_boost_is_no_stronger_than_its_flaw_needs_and_widest_where_nothing_is_near() -> None:
    model, _, _ = planar()
    z = model.encoder.encode([Trajectory(PLACE[None])]).z
    lows = Lows(z, torch.tensor([0.5]), ("f-2",), ("here-pays",))
    (alone,) = boosts(model, lows, z[:0], KERNELS, 1).patches
    assert alone.width == KERNELS.max_width
    assert 0.5 <= float(model.with_patches([alone]).rewards(z)) < 0.7
    beside = z + 0.3
    (narrow,) = boosts(model, lows, beside, KERNELS, 1).patches
    assert narrow.width < alone.width
    assert torch.equal(model.with_patches([narrow]).rewards(beside), model.rewards(beside))


@pytest.mark.parametrize("number", range(4))
def test_no_boost_is_stronger_than_what_its_own_flaw_still_lacks_and_no_centre_is_taken_twice(number: int) -> None:
    model, _, _ = planar()
    rng = np.random.default_rng(number)
    places = PLACE + rng.normal(0, 0.25, (60, 2))
    z = model.encoder.encode([Trajectory(place[None]) for place in places]).z
    least = torch.from_numpy(rng.uniform(0.1, 0.9, 60).astype(np.float32))
    lows = Lows(z, least, tuple(f"f-{place}" for place in range(60)), ("n",) * 60)
    section = KERNELS.model_copy(update={"max_width": 0.3})
    patches = boosts(model, lows, z[:0], section, 1).patches
    assert len(patches) > 5
    assert len({patch.centre for patch in patches}) == len(patches)
    phi = model.space(z, "input")[0][:, 0].double()
    for taken, patch in enumerate(patches):
        before = model.with_patches(patches[:taken]).rows(z, Episodes.single(60))
        own = int((phi - torch.tensor(patch.centre, dtype=torch.float64)).norm(dim=1).argmin())
        lacked = float(least[own] - (before.unpatched + before.boosted)[own])
        assert 0 < patch.strength <= STRENGTHS[-1] * lacked + 1e-4
    assert (model.with_patches(patches).rewards(z) >= least - 1e-4).all()


def test_what_does_not_fit_in_a_round_is_postponed() -> None:
    model, _, _ = planar()
    z = torch.cat([model.encoder.encode([Trajectory(place[None])]).z for place in (PLACE, PLACE + 3.0)])
    lows = Lows(z, torch.tensor([0.5, 0.5]), ("f-1", "f-2"), ("n", "n"))
    proposal = boosts(model, lows, z[:0], KERNELS.model_copy(update={"max_patches": 1}), 1)
    assert (len(proposal.patches), proposal.postponed, proposal.refused) == (1, 1, ())


def test_lowering_and_lifting_share_one_round() -> None:
    high = dataclasses.replace(ceiling(np.array([0.9, 0.9]), 0.2), id="too-high")
    paid = [one for one in flaws(high, around(np.array([0.9, 0.9]), 40)) if one.excess > 0]
    assert paid
    plan = chosen([*paid, *flaws(floor(), around(PLACE, 4))], high, floor())
    assert {patch.effect for patch in plan.repairs.patches} == {"suppress", "boost"}
    assert plan.trial is not None
    assert plan.trial.passed
