"""Policy: what an optimiser makes of the reward. The strongest red team there is: it was told to get as much as it can.

A policy is trained on the reward alone, from nothing, by augmented random search (Mania, Guy and Recht, arXiv
1803.07055) or by proximal policy optimisation (Schulman et al., arXiv 1707.06347), in the environment that
``audit.optimiser`` names; episodes of the last policy are asked. An episode that earns much and shows what a norm
forbids is an exploit. Every ``EPISODES`` episodes are a training of their own; each is asked in ``pieces``.

These are samples of a moving policy: an audit that asks them is *policy-adaptive*, and so is a repair that cites them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from iirl_core.demonstration import Trajectory
from iirl_core.errors import ConfigError
from iirl_core.expertness import Episodes
from iirl_core.optimiser import ppo
from iirl_core.optimiser.ars import Episode, Floats, Judge, StepJudge, roll, train
from iirl_core.optimiser.training import Training
from iirl_core.probe.material import Material
from iirl_core.probe.probe import ChunkSeed, Probe
from iirl_core.probe.protocol import FamilyKind
from iirl_core.probe.trajectory.asking import searched
from iirl_core.reward_model import RewardModel

EPISODES = 4
"""Of one training."""


class Policy:
    """See the module."""

    name = "policy"
    kind: FamilyKind = "trajectory"

    def probes(self, seed: ChunkSeed, count: int, material: Material) -> list[Probe]:
        """``count`` pieces of episodes, ``EPISODES`` of each training; fewer where an episode has fewer steps.

        Raises:
            ConfigError: no environment was named.
            InputError: the material has no reward to search.
        """
        training = material.training
        if training is None:
            raise ConfigError("the family policy without an environment", "audit.optimiser.environment")
        model, made = searched(material, self.name).model, list[Probe]()
        optimiser = "PPO" if isinstance(training.settings, ppo.Settings) else "ARS"
        note = f"{optimiser}, {training.settings.budget:,} steps"
        for run, start in enumerate(range(0, count, EPISODES * training.pieces)):
            rng = np.random.default_rng([*seed.entropy(), run])
            episodes = exploits(model, training, rng, EPISODES)
            pieces = [piece for episode in episodes for piece in _pieces(episode, training.pieces)]
            for piece in pieces[: count - start]:
                made.append(Probe((piece,), self.name, seed.label(len(made)), note))
        return made


def _pieces(episode: Episode, count: int) -> list[Trajectory]:
    """The episode, cut evenly; the last piece ends as it did."""
    cuts = np.linspace(0, len(episode), min(count, len(episode)) + 1).astype(int).tolist()
    return [
        _trajectory(
            Episode(
                episode.observations[a:b],
                episode.actions[a:b],
                episode.rewards[a:b],
                episode.terminal and b == len(episode),
            )
        )
        for a, b in pairwise(cuts)
    ]


def exploits(model: RewardModel, training: Training, rng: np.random.Generator, count: int) -> list[Episode]:
    """``count`` episodes of a policy that was trained on the reward of ``model``."""
    settings = training.settings
    if isinstance(settings, ppo.Settings):
        return list(ppo.train(training.worlds, steps_of(model), settings, int(rng.integers(2**31)), count).episodes)
    worlds = training.worlds(2 * settings.directions)
    policy = train(worlds, judge_of(model), settings, int(rng.integers(2**31))).policy
    weights = np.repeat(policy.weights[None], count, axis=0)
    return roll(training.worlds(count), weights, policy, settings.horizon, rng)


def judge_of(model: RewardModel) -> Judge:
    """What a trainer makes of the rewards: of a family of whole episodes the episode's reward, of any other the sum of
    its steps'.
    """
    whole = model.expertness.whole_episodes

    def judge(episodes: Sequence[Episode]) -> Floats:
        return np.array([float(part.mean() if whole else part.sum()) for part in _rewards(model, episodes)])

    return judge


def steps_of(model: RewardModel) -> StepJudge:
    """The reward of each step; of a family of whole episodes that is the step's credit for the episode's. An episode
    that ended earns nothing more. What is no number counts as 1.
    """
    return lambda episodes: [part.numpy() for part in _rewards(model, episodes)]


@torch.no_grad()
def _rewards(model: RewardModel, episodes: Sequence[Episode]) -> tuple[Tensor, ...]:
    """Of each episode's steps ``[T]``."""
    encoded = model.encoder.encode([_trajectory(episode) for episode in episodes])
    rewards = model.rewards(encoded.z, Episodes(encoded.lengths, encoded.absorbed)).double().nan_to_num(1.0)
    return torch.split(rewards, list(encoded.lengths))


def _trajectory(episode: Episode) -> Trajectory:
    return Trajectory(episode.observations.astype(np.float32), episode.actions.astype(np.float32), episode.terminal)
