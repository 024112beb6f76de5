from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from iirl_core.optimiser.ars import Episode, Floats
from iirl_core.optimiser.ppo import Settings, train

pytest.importorskip("stable_baselines3", reason="the extra ppo is not installed")


class Point:
    """A point on a line that is to be kept at 0; the world ends where it runs away."""

    observations, actions = 1, 1

    def __init__(self, count: int) -> None:
        self.places = np.zeros(count)

    def reset(self, generator: np.random.Generator, which: Sequence[int] | None = None) -> Floats:
        at = np.arange(len(self.places)) if which is None else np.asarray(which)
        self.places[at] = generator.uniform(0.5, 1.5, len(at)) * generator.choice([-1, 1], len(at))
        return self.places[at][:, None]

    def acted(self, actions: Floats) -> Floats:
        return np.clip(actions, -1, 1)

    def step(self, which: Sequence[int], actions: Floats) -> tuple[Floats, Floats, np.ndarray]:
        at = np.asarray(which)
        self.places[at] = 1.1 * self.places[at] + np.clip(actions[:, 0], -1, 1)
        return self.places[at][:, None], -np.abs(self.places[at]), np.abs(self.places[at]) > 5


def true_steps(episodes: Sequence[Episode]) -> list[Floats]:
    return [episode.rewards for episode in episodes]


def payable(episodes: Sequence[Episode]) -> list[Floats]:
    """Above 0 wherever the world has not ended, so that it does not pay to end."""
    return [5 + episode.rewards for episode in episodes]


def returns(episodes: Sequence[Episode]) -> float:
    return float(np.mean([5 * len(episode) + episode.rewards.sum() for episode in episodes]))


@pytest.mark.slow
def test_a_trivial_task_is_learnt_from_the_teacher_alone() -> None:
    settings = Settings(copies=4, batch=40, epochs=10, learning_rate=1e-2, budget=2400, horizon=40)
    trained = train(Point, payable, settings, seed=0, evaluated=6)
    assert trained.steps == 2400
    assert [point.steps for point in trained.history] == [160 * (number + 1) for number in range(15)]
    assert len(trained.episodes) == 6
    assert returns(trained.episodes) > 150
    assert returns(trained.episodes) > trained.history[0].judged + 40
    small = train(Point, lambda episodes: [1e-9 * each for each in payable(episodes)], settings, seed=1, evaluated=6)
    assert returns(small.episodes) > 150


def test_episodes_are_cut_where_the_world_or_the_rollout_ends() -> None:
    from iirl_core.optimiser.stepping import Stepping

    stepping = Stepping(Point(2), 2, 30, np.random.default_rng(0))
    seen, told = stepping.reset(), []
    for _ in range(30):
        before = seen
        seen, paid, over, infos = stepping.step(np.array([[3.0], [-np.clip(before[1, 0] / 2, -1, 1)]]))
        assert not paid.any()
        told.append((over.copy(), [info.get("TimeLimit.truncated") for info in infos]))
    cut = stepping.episodes()
    assert sum(len(episode) for _, _, episode in cut) == 60
    pushed = [(start, episode) for one, start, episode in cut if one == 0]
    assert len(pushed) > 1
    assert all((episode.actions == 1).all() for _, episode in pushed), "what was done is what the world made of it"
    for start, episode in pushed[:-1]:
        assert episode.terminal
        assert told[start + len(episode) - 1][0][0]
        assert told[start + len(episode) - 1][1][0] is False
    kept = [episode for one, _, episode in cut if one == 1]
    assert [len(episode) for episode in kept] == [30]
    assert not kept[0].terminal
    assert told[-1][1][1] is True
    assert np.allclose(kept[0].observations[1:, 0], 1.1 * kept[0].observations[:-1, 0] + kept[0].actions[:-1, 0])


def test_a_step_is_paid_what_the_teacher_says_of_it_scaled() -> None:
    import torch

    from iirl_core.optimiser import stepping as module

    stepping = module.Stepping(Point(2), 2, 5, np.random.default_rng(0))
    buffer = module.Taught(
        5, stepping.observation_space, stepping.action_space, n_envs=2, gamma=0.5, stepping=stepping, teacher=true_steps
    )
    seen = stepping.reset()
    starts = np.ones(2)
    for _ in range(5):
        action = -seen / 2
        new, paid, over, _ = stepping.step(action)
        buffer.add(seen, action, paid, starts, torch.zeros(2), torch.zeros(2))
        seen, starts = new, over
    buffer.compute_returns_and_advantage(torch.zeros(2), over)
    truly = np.stack([episode.rewards for _, _, episode in stepping.episodes()], axis=1)
    ratio = buffer.rewards / truly
    assert ratio == pytest.approx(ratio[0, 0], rel=1e-4)
    assert 0 < ratio[0, 0] < 10
    assert buffer.history[0].true_return == pytest.approx(truly.sum(axis=0).mean())
    assert buffer.history[0].judged == pytest.approx(truly.sum(axis=0).mean())
