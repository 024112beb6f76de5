from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from iirl_core.audit import audit_chunk
from iirl_core.demonstration import Trajectory
from iirl_core.errors import ConfigError
from iirl_core.optimiser import ppo
from iirl_core.optimiser.ars import Floats, Settings
from iirl_core.optimiser.training import Training
from iirl_core.probe import FAMILIES, Material, Probe, material_of
from tests.iirl_core.probe.samples import off_arc, planar, planar_material, seed

PPO_HERE = importlib.util.find_spec("stable_baselines3") is not None
SETTINGS = Settings(directions=6, top=3, noise=0.1, step_size=0.1, budget=12_000, horizon=20)


class Plane:
    """A point in the plane that goes where it is told, a little at a time, from off the demonstrations' arc."""

    observations, actions = 2, 2

    def __init__(self, copies: int) -> None:
        self.places = np.zeros((copies, 2))

    def reset(self, generator: np.random.Generator, which: Sequence[int] | None = None) -> Floats:
        at = list(range(len(self.places)) if which is None else which)
        self.places[at] = generator.uniform(-0.1, 0.1, (len(at), 2)) + np.array([0.0, 0.6])
        return self.places[at]

    def acted(self, actions: Floats) -> Floats:
        return np.clip(actions, -1, 1)

    def step(self, which: Sequence[int], actions: Floats) -> tuple[Floats, Floats, np.ndarray]:
        self.places[list(which)] += 0.1 * np.clip(actions, -1, 1)
        return self.places[list(which)], np.zeros(len(which)), np.zeros(len(which), dtype=bool)


def trained(**changes: int) -> Material:
    return replace(planar_material(), training=Training(Plane, replace(SETTINGS, **changes)))


def by_ppo(**changes: int) -> Material:
    settings = ppo.Settings(copies=4, batch=40, epochs=10, learning_rate=1e-2, budget=4_000, horizon=20)
    return replace(planar_material(), training=Training(Plane, replace(settings, **changes)))


def mean_reward(probes: Sequence[Probe]) -> float:
    model, _, _ = planar()
    return float(np.mean([reading.reward for reading in model.read([probe.inputs[0] for probe in probes])]))


def test_episodes_of_a_policy_that_was_trained_on_the_reward_earn_more_than_those_of_one_that_was_not() -> None:
    untrained = FAMILIES["policy"].probes(seed("policy"), 4, trained(budget=1))
    learnt = FAMILIES["policy"].probes(seed("policy"), 4, trained())
    assert mean_reward(learnt) > mean_reward(untrained) + 0.1
    assert {probe.note for probe in learnt} == {"ARS, 12,000 steps"}
    assert all(isinstance(probe.inputs[0], Trajectory) and len(probe.inputs[0]) == 20 for probe in learnt)


@pytest.mark.skipif(not PPO_HERE, reason="needs the extra ppo")
def test_episodes_of_a_policy_that_ppo_trained_on_the_reward_earn_more_and_say_whose_they_are() -> None:
    untrained, learnt = (FAMILIES["policy"].probes(seed("policy"), 4, by_ppo(budget=budget)) for budget in (1, 2_000))
    assert mean_reward(learnt) > mean_reward(untrained) + 0.1
    assert {probe.note for probe in learnt} == {"PPO, 2,000 steps"}


@pytest.mark.skipif(not PPO_HERE, reason="needs the extra ppo")
def test_the_same_seed_gives_ppo_the_same_policy_whatever_else_was_drawn() -> None:
    torch.manual_seed(1)
    probes = FAMILIES["policy"].probes(seed("policy"), 5, by_ppo(budget=200))
    drawn = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), drawn), "training drew from what others draw from"
    again = FAMILIES["policy"].probes(seed("policy"), 5, by_ppo(budget=200))
    states = [np.asarray(probe.inputs[0].observations) for probe in (*probes, *again)]  # type: ignore[union-attr]
    assert all(len(each) == 20 for each in states)
    assert all(np.array_equal(states[index], states[5 + index]) for index in range(5))
    assert not np.array_equal(states[0], states[4])


def test_four_episodes_are_of_one_training_and_the_next_of_another() -> None:
    probes = FAMILIES["policy"].probes(seed("policy"), 5, trained(budget=500))
    assert [probe.label for probe in probes] == [f"policy/1.0.{index}" for index in range(5)]
    again = FAMILIES["policy"].probes(seed("policy"), 5, trained(budget=500))
    states = [np.asarray(probe.inputs[0].observations) for probe in (*probes, *again)]  # type: ignore[union-attr]
    assert all(np.array_equal(states[index], states[5 + index]) for index in range(5))
    assert not np.array_equal(states[0], states[4])


def test_an_episode_in_pieces_is_the_same_episode() -> None:
    whole = FAMILIES["policy"].probes(seed("policy"), 4, trained(budget=500))
    material = trained(budget=500)
    assert material.training is not None
    material = replace(material, training=replace(material.training, pieces=3))
    pieces = FAMILIES["policy"].probes(seed("policy"), 12, material)
    assert [probe.label for probe in pieces] == [f"policy/1.0.{index}" for index in range(12)]
    states = [np.asarray(probe.inputs[0].observations) for probe in (*whole, *pieces)]  # type: ignore[union-attr]
    assert [len(each) for each in states[4:7]] == [6, 7, 7]
    assert all(np.array_equal(states[i], np.concatenate(states[4 + 3 * i : 7 + 3 * i])) for i in range(4))
    fewer = FAMILIES["policy"].probes(seed("policy"), 4, material)
    assert len(fewer) == 4
    assert all(np.array_equal(probe.inputs[0].observations, states[4 + i]) for i, probe in enumerate(fewer))  # type: ignore[union-attr]


def test_what_it_found_is_judged_like_any_other_trajectory() -> None:
    model, _, train = planar()
    norms = [replace(off_arc(), families=("policy",))]
    material = replace(material_of(model, norms, train), training=Training(Plane, SETTINGS))
    result = audit_chunk(model, norms, seed("policy"), 4, material)
    (counts,) = result.families
    assert counts.asked == 4
    assert counts.broken == len(result.findings)


def test_without_an_environment_it_says_what_is_missing() -> None:
    with pytest.raises(ConfigError, match=r"audit\.optimiser\.environment"):
        FAMILIES["policy"].probes(seed("policy"), 4, planar_material())
