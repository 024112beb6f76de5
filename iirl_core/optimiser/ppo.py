"""Proximal policy optimisation (Schulman et al., arXiv 1707.06347) as stable-baselines3 has it: a network is improved
by what each of its steps was worth. The extra ``ppo`` brings it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from iirl_core.optimiser.ars import Episode, Progress, StepJudge, Worlds


@dataclass(frozen=True)
class Settings:
    """A rollout is ``horizon`` steps of each of ``copies`` worlds; it is gone through ``epochs`` times in batches of
    ``batch`` steps. Training ends after ``budget`` steps of the world. All else is stable-baselines3's default.
    """

    copies: int
    batch: int
    epochs: int
    learning_rate: float
    budget: int
    horizon: int = 1000


@dataclass(frozen=True, eq=False)
class Trained:
    """``episodes`` of the final policy, which then no longer explores, one in each of as many worlds as were asked
    for.
    """

    episodes: Sequence[Episode]
    steps: int
    history: tuple[Progress, ...]


def train(
    worlds: Callable[[int], Worlds], teacher: StepJudge, settings: Settings, seed: int, evaluated: int
) -> Trained:
    """Train a fresh policy on the teacher's rewards; observations are standardised by their running moments. ``worlds``
    makes as many copies of the world as it is asked for, ``evaluated`` of them for the final policy. The same seed
    gives the same policy, and torch's own chance goes on as if nothing had been drawn.
    """
    from stable_baselines3 import PPO  # an extra
    from stable_baselines3.common.vec_env import VecNormalize

    from iirl_core.optimiser.stepping import Stepping, Taught

    stepping = Stepping(worlds(settings.copies), settings.copies, settings.horizon, np.random.default_rng(seed))
    normal = VecNormalize(stepping, norm_reward=False)
    with _alone():
        learner = PPO(
            "MlpPolicy",
            normal,
            n_steps=settings.horizon,
            batch_size=settings.batch,
            n_epochs=settings.epochs,
            learning_rate=settings.learning_rate,
            rollout_buffer_class=Taught,
            rollout_buffer_kwargs={"stepping": stepping, "teacher": teacher},
            seed=seed,
            device="cpu",
        )
        learner.learn(settings.budget)
        asked = Stepping(worlds(evaluated), evaluated, settings.horizon, np.random.default_rng([seed, evaluated]))
        seen = asked.reset()
        for _ in range(settings.horizon):
            actions, _ = learner.predict(normal.normalize_obs(seen), deterministic=True)
            seen, *_ = asked.step(actions)
    buffer = learner.rollout_buffer
    assert isinstance(buffer, Taught)  # noqa: S101 - it was asked for above
    first = [episode for _, start, episode in asked.episodes() if start == 0]
    return Trained(first, learner.num_timesteps, tuple(buffer.history))


@contextmanager
def _alone() -> Iterator[None]:
    """One thread, for sums that are the same on any machine (and small networks are no faster on more), and random
    numbers that nobody else draws from.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        torch.set_num_threads(threads)
