from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.neighbors import KDTree

from iirl_core.demonstration import Trajectory, conversation
from iirl_core.errors import InputError
from iirl_core.norm import Bounds, Region, measured_on
from iirl_core.norm.observed import Observed
from iirl_core.probe import FAMILIES, Material, PointReward, Probe, material_of
from tests.iirl_core.artifact.samples import trajectory_draft, walks
from tests.iirl_core.probe.samples import off_arc, planar, planar_material, seed

TRAJECTORY = ("uniform", "far", "perturbed", "boundary", "ascent", "excursion", "correlated", "evolution", "retimed")


def states(probes: list[Probe]) -> NDArray[np.float32]:
    items = [probe.inputs[0] for probe in probes]
    return np.concatenate([item.observations for item in items if isinstance(item, Trajectory)])


@pytest.mark.parametrize("family", TRAJECTORY)
def test_the_same_seed_asks_the_same_and_another_chunk_asks_anew(family: str) -> None:
    material = planar_material()
    first, again = (FAMILIES[family].probes(seed(family), 40, material) for _ in range(2))
    other = FAMILIES[family].probes(seed(family, chunk=1), 40, material)
    assert np.array_equal(states(first), states(again))
    assert [probe.label for probe in first] == [probe.label for probe in again]
    assert not np.array_equal(states(first)[:5], states(other)[:5])


@pytest.mark.parametrize("family", TRAJECTORY)
def test_a_family_asks_no_more_than_it_was_told_and_signs_each_probe(family: str) -> None:
    probes = FAMILIES[family].probes(seed(family), 33, planar_material())
    assert 10 < len(probes) <= 33
    assert {probe.family for probe in probes} == {family}
    assert len({probe.label for probe in probes}) == len(probes)


def test_uniform_covers_the_box_of_demonstrations_and_regions() -> None:
    found = states(FAMILIES["uniform"].probes(seed("uniform"), 2000, planar_material()))
    assert np.allclose(found.min(axis=0), -1.5, atol=0.01)
    assert np.allclose(found.max(axis=0), 1.5, atol=0.01)
    assert np.allclose(found.mean(axis=0), 0, atol=0.1)


def test_far_keeps_its_distance_from_every_demonstration() -> None:
    material = planar_material()
    probes = FAMILIES["far"].probes(seed("far"), 200, material)
    distance = KDTree(material.points / material.scale).query(states(probes) / material.scale)[0][:, 0]
    wanted = [float(probe.note.removeprefix("distance ")) * np.sqrt(2) for probe in probes]
    assert (distance >= np.array(wanted) * 0.999).all()


def test_perturbed_stays_as_near_as_it_says() -> None:
    material = planar_material()
    probes = FAMILIES["perturbed"].probes(seed("perturbed"), 400, material)
    distance = KDTree(material.points / material.scale).query(states(probes) / material.scale)[0][:, 0]
    gentle = np.array([probe.note == "σ = 0.1" for probe in probes])
    assert 0.1 < gentle.mean() < 0.4
    assert distance[gentle].mean() < distance[~gentle].mean()


def test_boundary_ends_just_above_its_level() -> None:
    material = replace(planar_material(), regions=())
    assert material.reward is not None
    probes = FAMILIES["boundary"].probes(seed("boundary"), 200, material)
    rewards = material.reward.rewards(states(probes).astype(np.float64))
    levels = np.array([float(probe.note.removeprefix("level ")) for probe in probes])
    assert (rewards > levels * 0.9).mean() > 0.97
    assert np.median(rewards / levels) < 1.5


def test_boundary_asks_where_a_norm_speaks() -> None:
    region = off_arc().region
    assert isinstance(region, Region)
    anywhere, inside = (
        states(FAMILIES["boundary"].probes(seed("boundary"), 200, replace(planar_material(), regions=regions)))
        for regions in ((), (region,))
    )
    assert region.holds(anywhere).mean() < 0.9
    assert region.holds(inside).mean() > 0.95


@pytest.mark.parametrize("kind", ["distance", "bounds"])
def test_families_ask_where_norms_of_observed_regions_speak(kind: Literal["distance", "bounds"]) -> None:
    model, _, train = planar()
    written = [replace(off_arc(), region=Observed(kind, 0.25))]
    norms = measured_on(written, train)
    region = norms[0].region
    assert isinstance(region, Region | Bounds)
    material = replace(material_of(model, norms, train), reward=PointReward(model))
    assert 0.2 < region.holds(states(FAMILIES["uniform"].probes(seed("uniform"), 500, material))).mean() < 1
    for family in ("boundary", "ascent", "evolution"):
        assert region.holds(states(FAMILIES[family].probes(seed(family), 100, material))).mean() > 0.9, family


def test_ascent_finds_more_reward_in_the_region_than_chance_does() -> None:
    material, region = planar_material(), off_arc().region
    assert material.reward is not None
    assert isinstance(region, Region)
    climbed = states(FAMILIES["ascent"].probes(seed("ascent"), 200, material))
    assert region.holds(climbed).mean() > 0.99
    drawn = states(FAMILIES["uniform"].probes(seed("uniform"), 2000, material))
    drawn = drawn[region.holds(drawn)]
    rewards = [material.reward.rewards(points.astype(np.float64)).mean() for points in (climbed[-40:], drawn)]
    assert rewards[0] > rewards[1] + 0.2


def test_a_search_needs_a_reward_and_trajectories() -> None:
    for family in ("boundary", "ascent"):
        with pytest.raises(InputError, match="searches the reward"):
            FAMILIES[family].probes(seed(family), 10, replace(planar_material(), reward=None))
    with pytest.raises(InputError, match="trajectories"):
        FAMILIES["uniform"].probes(seed("uniform"), 10, Material((conversation("q", "a"),)))


@pytest.mark.parametrize("family", ["uniform", "far", "perturbed"])
def test_probes_carry_actions_where_the_model_reads_them(family: str) -> None:
    model = trajectory_draft().model
    probes = FAMILIES[family].probes(seed(family), 8, material_of(model, [], walks(3, seed=1)))
    encoded = model.encoder.encode([probe.inputs[0] for probe in probes])
    assert encoded.lengths == (1,) * 8


def test_a_transition_is_asked_as_two_steps() -> None:
    material = replace(material_of(trajectory_draft().model, [], walks(3, seed=1)), rows="transitions", low=None)
    (probe,) = FAMILIES["uniform"].probes(seed("uniform"), 1, material)
    item = probe.inputs[0]
    assert isinstance(item, Trajectory)
    assert item.observations.shape == (2, 3)
    assert item.actions is not None
    assert np.array_equal(item.actions[0], item.actions[1])


def test_former_findings_are_asked_again_chunk_by_chunk_about_their_norm() -> None:
    asked = FAMILIES["uniform"].probes(seed("uniform"), 5, planar_material())
    former = tuple(replace(probe, norm="off-arc") for probe in asked)
    material = replace(planar_material(), former=former)
    chunks = [FAMILIES["former"].probes(seed("former", chunk), 2, material) for chunk in range(4)]
    assert [len(chunk) for chunk in chunks] == [2, 2, 1, 0]
    again = [probe for chunk in chunks for probe in chunk]
    assert [probe.label for probe in again] == [probe.label for probe in former]
    assert {(probe.family, probe.norm) for probe in again} == {("former", "off-arc")}


def test_material_is_a_bounded_sample() -> None:
    model, _, train = planar()
    many = material_of(model, [], train * 100)
    assert sum(len(item) for item in many.trajectories) <= 20_000
    assert many.demonstrations[-1] is train[-1]
    with pytest.raises(InputError, match="without demonstrations"):
        material_of(model, [], [])


def test_an_excursion_leaves_the_observed_bounds_in_the_dimensions_it_says_and_in_no_other() -> None:
    material = planar_material()
    low, high = material.points.min(axis=0), material.points.max(axis=0)
    probes = FAMILIES["excursion"].probes(seed("excursion"), 200, material)
    outside = (states(probes) < low - 1e-4) | (states(probes) > high + 1e-4)
    assert outside.sum(axis=1).tolist() == [int(probe.note[0]) for probe in probes]
    assert {probe.note[0] for probe in probes} == {"1", "2"}
    far = np.maximum(low - states(probes), states(probes) - high).max(axis=1) / (high - low).max()
    assert (far > 0.04).all()


def test_a_correlated_point_lies_as_far_along_its_direction_as_it_says() -> None:
    material = planar_material()
    scaled = material.points / material.scale
    _, spread, directions = np.linalg.svd(scaled - scaled.mean(axis=0), full_matrices=False)
    probes = FAMILIES["correlated"].probes(seed("correlated"), 100, material)
    assert {probe.note.partition(" ")[0] for probe in probes} == {"direction", "1"}
    for probe, state in zip(probes, states(probes), strict=True):
        if probe.note.startswith("direction"):
            index, reach = int(probe.note[10]) - 1, float(probe.note.split(", ")[1].split()[0])
            along = (state / material.scale - scaled.mean(axis=0)) @ directions[index]
            assert abs(along) == pytest.approx(reach * spread[index] / np.sqrt(len(scaled)), rel=1e-3)


def test_evolution_climbs_without_a_slope_and_stays_outside() -> None:
    material = planar_material()
    assert material.reward is not None
    probes = FAMILIES["evolution"].probes(seed("evolution"), 80, material)
    rewards = material.reward.rewards(states(probes).astype(np.float64))
    first, last = (np.array([probe.note == f"generation {n}" for probe in probes]) for n in (4, 16))
    assert rewards[last].mean() > rewards[first].mean()
    region = off_arc().region
    assert isinstance(region, Region)
    assert (region.distance(states(probes)) > region.beyond * 0.99).all()


def test_retimed_steps_are_demonstrated_ones_at_other_times() -> None:
    probes = FAMILIES["retimed"].probes(seed("retimed"), 50, planar_material())
    assert {probe.note for probe in probes} == {"permuted", "reversed", "standing still", "looping", "skipping"}
    for probe in probes:
        piece, edited = probe.inputs
        assert isinstance(piece, Trajectory)
        assert isinstance(edited, Trajectory)
        shown = {tuple(state) for state in piece.observations.tolist()}
        told = [tuple(state) for state in edited.observations.tolist()]
        assert set(told) <= shown
        assert len(set(told)) == {"standing still": 1, "looping": 4}.get(probe.note, len(set(told)))
        if probe.note == "reversed":
            assert np.array_equal(edited.observations, piece.observations[::-1])
        if probe.note == "skipping":
            assert len(told) == len(piece) // 3


def test_a_long_demonstration_is_retimed_in_pieces_and_a_single_step_not_at_all() -> None:
    long = Trajectory(np.arange(400, dtype=np.float32).reshape(200, 2), terminal=True)
    probes = FAMILIES["retimed"].probes(seed("retimed"), 40, Material((long,)))
    pieces = [probe.inputs[0] for probe in probes]
    assert all(isinstance(piece, Trajectory) and len(piece) == 64 for piece in pieces)
    assert all(
        piece.terminal == (piece.observations[-1, 1] == 399) for piece in pieces if isinstance(piece, Trajectory)
    )
    assert FAMILIES["retimed"].probes(seed("retimed"), 4, Material((Trajectory([[0.0, 1.0]]),))) == []
