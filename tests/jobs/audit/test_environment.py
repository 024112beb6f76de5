from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from iirl_core.errors import ConfigError
from iirl_core.optimiser.ars import Settings
from jobs.audit.environment import Gymnasium, training_of
from tests.jobs.audit.turning import wheel_config

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


@pytest.mark.skipif(not HERE, reason="needs the extra gymnasium")
def test_the_configuration_says_how_policies_are_trained(tmp_path: Path) -> None:
    config = wheel_config(tmp_path, audit={"probes": {"policy": 4, "far": 1}, "optimiser": OPTIMISER})
    training = training_of(config)
    assert training is not None
    assert training.worlds == Gymnasium("Pendulum-v1")
    assert training.settings == Settings(8, 4, 0.03, 0.02, budget=300, horizon=50)


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
