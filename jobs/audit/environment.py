"""Environments of Gymnasium, for the family that trains policies. The extra ``gymnasium`` brings them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from iirl_core.config import Config
from iirl_core.config.red_team import ArsSection, Optimiser
from iirl_core.errors import ConfigError
from iirl_core.optimiser import ars, ppo
from iirl_core.optimiser.ars import Floats
from iirl_core.optimiser.training import Training
from iirl_core.probe.adaptive import POLICY


@dataclass(frozen=True)
class Gymnasium:
    """Makes copies of one environment by its id; small enough to send to every scorer."""

    environment: str

    def __call__(self, copies: int) -> Copies:
        """So many of them.

        Raises:
            ConfigError: there is no such environment, or its observations or actions are no boxes of one dimension.
        """
        return Copies(self.environment, copies)


class Copies:
    """``count`` copies of an environment, in step; policies act in [−1, 1], which is stretched to its bounds."""

    def __init__(self, environment: str, count: int) -> None:
        import gymnasium
        from gymnasium.spaces import Box

        gymnasium.logger.min_level = gymnasium.logger.ERROR  # an old version is meant where it is named
        try:
            # Without a time limit of its own: an episode that ours cuts off did not end.
            self._copies = [gymnasium.make(environment, max_episode_steps=-1) for _ in range(count)]
        except gymnasium.error.Error as error:
            raise ConfigError(f"audit.optimiser.environment: {' '.join(str(error).split())}") from error
        seen, done = self._copies[0].observation_space, self._copies[0].action_space
        if not (isinstance(seen, Box) and isinstance(done, Box) and len(seen.shape) == len(done.shape) == 1):
            raise ConfigError(f"audit.optimiser.environment: {environment} sees {seen}, does {done}", "two flat boxes")
        self._low, self._high = done.low.astype(np.float64), done.high.astype(np.float64)
        self._width = seen.shape[0]

    @property
    def observations(self) -> int:
        """S."""
        return int(self._width)

    @property
    def actions(self) -> int:
        """A."""
        return len(self._low)

    def reset(self, generator: np.random.Generator, which: Sequence[int] | None = None) -> Floats:
        """First observations of the copies ``which``, or of all, ``[K, S]``."""
        chosen = self._copies if which is None else [self._copies[index] for index in which]
        return np.array([one.reset(seed=int(generator.integers(2**31)))[0] for one in chosen], np.float64)

    def step(self, which: Sequence[int], actions: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """``actions [K, A]`` in the copies ``which [K]`` → observations ``[K, S]``, true rewards ``[K]``, ended."""
        told = [self._copies[index].step(action) for index, action in zip(which, self.acted(actions), strict=True)]
        seen, rewards, ended, _, _ = zip(*told, strict=True)
        return np.array(seen, np.float64), np.array(rewards, np.float64), np.array(ended, np.bool_)

    def acted(self, actions: Floats) -> Floats:
        """``[K, A]`` in [−1, 1], what is beyond cut off, stretched to the environment's bounds."""
        return np.asarray(self._low + (np.clip(actions, -1, 1) + 1) / 2 * (self._high - self._low))


def training_of(config: Config) -> Training | None:
    """How the configuration wants policies trained; None where it does not.

    Raises:
        ConfigError: no environment is named, or Gymnasium or the optimiser is not installed.
    """
    section = config.audit.optimiser
    if POLICY not in config.audit.probes:
        return None
    if section is None:
        raise ConfigError("audit.probes: policy without an environment", "audit.optimiser.environment")
    if find_spec("gymnasium") is None:
        raise ConfigError("audit.optimiser needs gymnasium", todo="pip install 'iirl[gymnasium]'")
    if section.algorithm == "ppo" and find_spec("stable_baselines3") is None:
        raise ConfigError("audit.optimiser.algorithm ppo needs stable-baselines3", todo="pip install 'iirl[ppo]'")
    return Training(Gymnasium(section.environment), _settings(section), section.pieces)


def _settings(section: Optimiser) -> ars.Settings | ppo.Settings:
    if isinstance(section, ArsSection):
        return ars.Settings(
            directions=section.directions,
            top=section.top,
            noise=section.noise,
            step_size=section.step_size,
            budget=section.steps,
            horizon=section.horizon,
        )
    return ppo.Settings(
        copies=section.copies,
        batch=section.batch,
        epochs=section.epochs,
        learning_rate=section.learning_rate,
        budget=section.steps,
        horizon=section.horizon,
    )
