from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from iirl_core.errors import ConfigError
from iirl_core.optimiser import ppo
from iirl_core.optimiser.ars import Episode, Settings
from jobs.audit.environment import Gymnasium, training_of
from tests.jobs.audit.turning import wheel_config

PPO_HERE = importlib.util.find_spec("stable_baselines3") is not None
HERE = importlib.util.find_spec("gymnasium") is not None
OPTIMISER = {"environment": "Pendulum-v1", "steps": 300, "horizon": 50}


@pytest.mark.skipif(not HERE, reason="needs the extra gymnasium")
def test_copies_of_an_environment_act_within_its_bounds_and_start_by_the_seed() -> None:
    copies = Gymnasium("Pendulum-v1")(3)
    assert (copies.observations, copies.actions) == (3, 1)
    first = copies.reset(np.random.default_rng(0))
    assert np.array_equal(first, copies.reset(np.random.default_rng(0)))
    seen, rewards, ended = copies.step([0, 2], np.array([[9.0], [-9.0]]))
    assert (seen.shape, rewards.shape, ended.tolist()) == ((2, 3), (2,), [False, False])
    assert copies.reset(np.random.default_rng(0), [1]).tolist() == first[:1].tolist()


@pytest.mark.skipif(not HERE, reason="needs the extra gymnasium")
def test_the_configuration_says_how_policies_are_trained(tmp_path: Path) -> None:
    config = wheel_config(tmp_path, audit={"probes": {"policy": 4, "far": 1}, "optimiser": OPTIMISER})
    training = training_of(config)
    assert training is not None
    assert training.worlds == Gymnasium("Pendulum-v1")
    assert training.settings == Settings(8, 4, 0.03, 0.02, budget=300, horizon=50)


@pytest.mark.skipif(not PPO_HERE, reason="needs the extra ppo")
def test_the_configuration_may_name_ppo(tmp_path: Path) -> None:
    optimiser = {**OPTIMISER, "algorithm": "ppo", "copies": 2}
    training = training_of(wheel_config(tmp_path, audit={"probes": {"policy": 4, "far": 1}, "optimiser": optimiser}))
    assert training is not None
    assert training.settings == ppo.Settings(2, 250, 10, 3e-4, budget=300, horizon=50)


def upright(episodes: Sequence[Episode]) -> list[np.ndarray]:
    return [np.cos(one.observations[:, 0]) for one in episodes]


@pytest.mark.skipif(not PPO_HERE, reason="needs the extra ppo")
def test_ppo_trains_in_an_environment_of_gymnasium() -> None:
    settings = ppo.Settings(copies=2, batch=20, epochs=1, learning_rate=3e-4, budget=40, horizon=20)
    trained = ppo.train(Gymnasium("Pendulum-v1"), upright, settings, seed=0, evaluated=3)
    (first, *_) = trained.episodes
    assert [len(each) for each in trained.episodes] == [20] * 3
    assert first.actions.shape == (20, 1)
    assert not any(each.terminal for each in trained.episodes)


@pytest.mark.skipif(PPO_HERE or not HERE, reason="stable-baselines3 is installed")
def test_without_stable_baselines3_it_says_what_to_install(tmp_path: Path) -> None:
    optimiser = {**OPTIMISER, "algorithm": "ppo"}
    with pytest.raises(ConfigError, match=r"iirl\[ppo\]"):
        training_of(wheel_config(tmp_path, audit={"probes": {"policy": 4, "far": 1}, "optimiser": optimiser}))


def test_a_key_of_one_optimiser_is_none_of_the_others(tmp_path: Path) -> None:
    for keys in ({"algorithm": "ppo", "directions": 8}, {"copies": 4}):
        with pytest.raises(ValidationError, match="Extra inputs"):
            wheel_config(tmp_path, audit={"probes": {"far": 1}, "optimiser": {**OPTIMISER, **keys}})


@pytest.mark.skipif(not HERE, reason="needs the extra gymnasium")
@pytest.mark.parametrize("name", ["NoSuch-v9", "CartPole-v1"])
def test_what_is_no_environment_or_no_box_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"audit\.optimiser\.environment"):
        Gymnasium(name)(1)


@pytest.mark.skipif(HERE, reason="gymnasium is installed")
def test_without_gymnasium_it_says_what_to_install(tmp_path: Path) -> None:
    config = wheel_config(tmp_path, audit={"probes": {"policy": 4, "far": 1}, "optimiser": OPTIMISER})
    with pytest.raises(ConfigError, match=r"iirl\[gymnasium\]"):
        training_of(config)


def test_without_an_optimiser_no_policy_is_trained(tmp_path: Path) -> None:
    assert training_of(wheel_config(tmp_path)) is None
