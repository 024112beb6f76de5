from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from iirl_core.optimiser.ars import Episode, Floats, Moments, Policy, Settings, roll, train, update

SETTINGS = Settings(directions=4, top=2, noise=0.1, step_size=0.1, budget=8000, horizon=20)


class Point:
    """A point on a line that is to be kept at 0; the world ends where it runs away. Observations are off by a lot."""

    observations, actions = 2, 1

    def __init__(self, count: int) -> None:
        self.places = np.zeros(count)

    def reset(self, generator: np.random.Generator) -> Floats:
        self.places = generator.uniform(0.5, 1.5, len(self.places)) * generator.choice([-1, 1], len(self.places))
        return self._seen(np.arange(len(self.places)))

    def acted(self, actions: Floats) -> Floats:
        return np.clip(actions, -1, 1)

    def step(self, which: Sequence[int], actions: Floats) -> tuple[Floats, Floats, np.ndarray]:
        at = np.asarray(which)
        self.places[at] = 1.1 * self.places[at] + np.clip(actions[:, 0], -1, 1)
        return self._seen(at), -np.abs(self.places[at]), np.abs(self.places[at]) > 5

    def _seen(self, at: np.ndarray) -> Floats:
        return np.stack([100 + 10 * self.places[at], np.full(len(at), 7.0)], axis=1)


def true_return(episodes: Sequence[Episode]) -> Floats:
    return np.array([episode.rewards.sum() - 5.0 * (20 - len(episode)) for episode in episodes])


def test_a_trivial_task_is_learnt_from_the_judge_alone() -> None:
    trained = train(Point(8), true_return, SETTINGS, seed=0)
    assert trained.history[0].judged < -50
    assert trained.history[-1].judged > -25
    assert trained.history[-1].length == 20
    assert trained.steps >= 8000
    assert trained.policy.mean[0] == pytest.approx(100, abs=15)


def test_the_same_seed_gives_the_same_policy() -> None:
    short = Settings(directions=4, top=2, noise=0.1, step_size=0.1, budget=500, horizon=20)
    one, two, other = (train(Point(8), true_return, short, seed=seed).policy.weights for seed in (3, 3, 4))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_the_better_sides_of_the_best_directions_are_followed() -> None:
    deltas = np.arange(3.0).reshape(3, 1, 1) + 1
    judged = np.array([[5.0, 1.0, 9.0], [1.0, 2.0, 3.0]])
    settings = Settings(directions=3, top=2, noise=1, step_size=0.5, budget=1)
    deviation = np.std([5.0, 9.0, 1.0, 3.0])
    assert update(deltas, judged, settings)[0, 0] == pytest.approx(0.5 / (2 * deviation) * (4 * 1 + 6 * 3))
    assert not update(deltas, np.ones((2, 3)), settings).any()


def test_episodes_hold_what_was_acted_on_and_end_where_the_world_ends() -> None:
    away = np.array([[[0.0, 1.0]], [[0.0, 0.0]]])
    policy = Policy(away[0], np.zeros(2), np.ones(2))
    first, second = roll(Point(2), away, policy, 30, np.random.default_rng(0))
    assert first.terminal
    assert len(first) < 30
    assert first.actions.tolist() == [[1.0]] * len(first)  # 7 was said
    assert first.observations.shape == (len(first), 2)
    assert np.abs((first.observations[:, 0] - 100) / 10).max() <= 5
    assert len(second) > len(first)


def test_moments_are_those_of_all_rows() -> None:
    rows = np.random.default_rng(0).normal(size=(30, 2)) * [1, 5]
    moments = Moments(0, np.zeros(2), np.zeros(2))
    for part in (rows[:7], rows[7:8], rows[8:]):
        moments.add(part)
    assert np.allclose(moments.mean, rows.mean(axis=0))
    assert np.allclose(moments.deviation, rows.std(axis=0))
