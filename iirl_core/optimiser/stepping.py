"""Worlds as stable-baselines3 wants them, and a buffer of experience that asks a teacher what it was worth.

A learnt reward of whole episodes can be asked only once they are whole. So the worlds pay nothing while a policy acts:
when a rollout is complete its episodes are cut out of it, and the teacher's rewards are written into the buffer before
advantages are taken. The true reward goes the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecEnv
from torch import Tensor

from iirl_core.optimiser.ars import Episode, Floats, Progress, StepJudge, Worlds

LARGEST = 10.0
"""Scaled rewards are clipped to it, as stable-baselines3 does."""


class Stepping(VecEnv):  # type: ignore[misc] # the extra may be missing
    """``count`` copies of a world that all start with a rollout, of ``horizon`` steps, and again whenever they end; the
    end of the rollout cuts them off. Rewards are 0.
    """

    render_mode = None

    def __init__(self, worlds: Worlds, count: int, horizon: int, generator: np.random.Generator) -> None:
        self.worlds, self.horizon, self.generator = worlds, horizon, generator
        width, actions = worlds.observations, worlds.actions
        self.now, self.step_number, self.taken = np.zeros((count, width)), 0, np.zeros((count, actions))
        self.seen, self.done = np.zeros((horizon, count, width)), np.zeros((horizon, count, actions))
        self.earned, self.ended = np.zeros((horizon, count)), np.zeros((horizon, count), dtype=bool)
        super().__init__(count, Box(-np.inf, np.inf, (width,), np.float32), Box(-1, 1, (actions,), np.float32))

    def reset(self) -> Any:
        """A new rollout."""
        self.step_number = 0
        self.now = self.worlds.reset(self.generator)
        return self.now.astype(np.float32)

    def step_async(self, actions: Floats) -> None:
        """What to do next."""
        self.taken = np.asarray(actions, dtype=np.float64)

    def step_wait(self) -> Any:
        """Do it: observations, rewards of 0, ends, and what each end was."""
        at = self.step_number
        self.seen[at], self.done[at] = self.now, self.worlds.acted(self.taken)
        last, self.earned[at], self.ended[at] = self.worlds.step(range(self.num_envs), self.taken)
        full = at + 1 == self.horizon
        over = self.ended[at] | full
        infos = [
            {"terminal_observation": last[one].astype(np.float32), "TimeLimit.truncated": not self.ended[at, one]}
            if over[one]
            else {}
            for one in range(self.num_envs)
        ]
        self.now = last
        if over.any():
            again = np.flatnonzero(over)
            self.now[again] = self.worlds.reset(self.generator, again.tolist())
        self.step_number = 0 if full else at + 1
        return self.now.astype(np.float32), np.zeros(self.num_envs, dtype=np.float32), over, infos

    def episodes(self) -> list[tuple[int, int, Episode]]:
        """Of the last rollout, if it is complete: copy, first step, episode."""
        found = []
        for one in range(self.num_envs):
            ends = sorted({*(np.flatnonzero(self.ended[:, one]) + 1).tolist(), self.horizon})
            for start, end in zip([0, *ends], ends, strict=False):
                part = (slice(start, end), one)
                terminal = bool(self.ended[end - 1, one])
                found.append((one, start, Episode(self.seen[part], self.done[part], self.earned[part], terminal)))
        return found

    def close(self) -> None:
        """Nothing is held."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:  # noqa: ARG002 - all copies are alike
        """What stable-baselines3 asks of environments."""
        return [getattr(self, attr_name)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Worlds are not changed from outside."""
        raise NotImplementedError

    def env_method(self, method_name: str, *arguments: Any, indices: Any = None, **named: Any) -> list[Any]:
        """Nor asked for more than to step."""
        raise NotImplementedError

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:  # noqa: ARG002
        """They are not."""
        return [False] * self.num_envs


class Taught(RolloutBuffer):  # type: ignore[misc]
    """A rollout whose rewards are ``teacher``'s, over the running deviation of discounted returns (as VecNormalize
    scales rewards), whatever the teacher's scale.
    """

    def __init__(self, *arguments: Any, stepping: Stepping, teacher: StepJudge, **named: Any) -> None:
        self.stepping, self.teacher = stepping, teacher
        self.scale, self.history = RunningMeanStd(shape=()), list[Progress]()
        super().__init__(*arguments, **named)

    def compute_returns_and_advantage(self, last_values: Tensor, dones: Any) -> None:
        """Ask the teacher first. What stands in ``rewards`` is the value of where the time limit cut off."""
        cut = self.stepping.episodes()
        paid = np.zeros_like(self.rewards, dtype=np.float64)
        for (one, start, episode), steps in zip(cut, self.teacher([each for _, _, each in cut]), strict=True):
            paid[start : start + len(episode), one] = steps
        self._tell([episode for _, start, episode in cut if start == 0], paid)
        self.scale.update(self._discounted(paid).reshape(-1))
        deviation = float(np.sqrt(self.scale.var)) + 1e-12
        self.rewards += np.clip(paid / deviation, -LARGEST, LARGEST).astype(np.float32)
        super().compute_returns_and_advantage(last_values, dones)

    def _discounted(self, paid: Floats) -> Floats:
        """Per step, what was paid up to it, earlier steps discounted."""
        total, found = np.zeros(paid.shape[1]), np.zeros_like(paid)
        for step, row in enumerate(paid):
            total = total * self.gamma * (1 - self.episode_starts[step]) + row
            found[step] = total
        return found

    def _tell(self, first: Sequence[Episode], paid: Floats) -> None:
        """A point of the learning curve: each copy's first episode, which alone could last to the horizon."""
        steps = (len(self.history) + 1) * paid.size
        judged = np.mean([paid[: len(episode), one].sum() for one, episode in enumerate(first)])
        returns = np.mean([episode.rewards.sum() for episode in first])
        length = np.mean([len(episode) for episode in first])
        self.history.append(Progress(steps, float(judged), float(returns), float(length)))
