"""Rewards that leave a search nothing to climb: 0, 1 or not a number, everywhere; and chunks of a few probes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from iirl_core.audit import audit_chunk, decide_verdict
from iirl_core.norm import Bounds, Norm
from iirl_core.optimiser.training import Training
from iirl_core.probe import FAMILIES, Material, PointReward, material_of
from iirl_core.probe.outside import push_outside
from iirl_core.reward_model import RewardModel
from tests.iirl_core.probe.samples import always, off_arc, planar, planar_material, seed
from tests.iirl_core.probe.test_policy_family import SETTINGS, Plane

NAN = float("nan")
ASKING = [name for name, family in FAMILIES.items() if family.kind != "conversation"]
IN_FULL = sorted({*ASKING}.difference(("boundary", "observed", "former")))
"""Families that ask as much as they are told, whatever the reward."""
BEYOND = replace(off_arc(), id="beyond", region=Bounds(np.array([-1.2, -0.3]), np.array([1.2, 1.2])))
TWICE = replace(off_arc(), id="twice", threshold=0.04)


def material(model: RewardModel, norms: list[Norm]) -> Material:
    _, _, train = planar()
    made = material_of(model, norms, train)
    return replace(made, training=Training(Plane, replace(SETTINGS, budget=1)))


@pytest.mark.parametrize("family", ASKING)
@pytest.mark.parametrize("reward", [0.0, 1.0, NAN])
def test_no_reward_and_no_number_of_probes_stops_a_family(reward: float, family: str) -> None:
    model = always(reward)
    for regions in ([off_arc()], [off_arc(), BEYOND], [off_arc(), TWICE]):
        norms = [replace(norm, families=(family,)) for norm in regions]
        told = material(model, norms)
        for count in (1, 2, 3, 4, 5, 50):
            result = audit_chunk(model, norms, seed(family), count, told)
            assert result.asked == count if family in IN_FULL else result.asked <= count
            assert [each.asked for each in result.families if each.norm in {norm.id for norm in norms}] == [
                result.asked
            ] * len(norms)


def test_a_boundary_that_no_line_meets_asks_nothing_and_the_audit_says_so() -> None:
    for reward in (0.0, 1.0, NAN):
        model, norm = always(reward), replace(off_arc(), families=("boundary",))
        result = audit_chunk(model, [norm], seed("boundary"), 256, material(model, [norm]))
        assert [(each.family, each.asked) for each in result.families] == [("boundary", 0)]
        verdict = decide_verdict([norm], result.families, open_hard=0)
        assert verdict.reasons == ("off-arc: boundary asked nothing",)


@pytest.mark.parametrize("regions", [1, 2])
def test_chunks_of_one_probe_of_a_sound_reward_are_asked(regions: int) -> None:
    material = planar_material()
    material = replace(material, regions=material.regions * regions)
    asked = [len(FAMILIES["boundary"].probes(seed("boundary", number), 1, material)) for number in range(40)]
    assert {*asked} == {0, 1}
    for family in ("ascent", "evolution"):
        for count in (1, 2, 3, 4, 5):
            assert len(FAMILIES[family].probes(seed(family), count, material)) == count


@pytest.mark.parametrize("regions", [0, 1, 2])
def test_of_no_points_none_is_moved(regions: int) -> None:
    material = planar_material()
    nothing = np.empty((0, 2))
    assert push_outside(nothing, replace(material, regions=material.regions * regions)).shape == (0, 2)


def test_a_search_climbs_towards_what_is_not_a_number() -> None:
    points = planar_material().points[:5]
    assert PointReward(always(NAN)).rewards(points).tolist() == [1.0] * 5
