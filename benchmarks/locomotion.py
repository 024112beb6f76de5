"""Three of gymnasium's MuJoCo tasks, many copies in step: the same model, observation, reward and end as
``gymnasium.make("Hopper-v4")`` and its siblings, without their cost per step (a test holds them equal).

The tasks are of version 4, as the demonstrations are. HalfCheetah never ends by itself; Hopper and Walker2d end where
the torso leaves its healthy range, and pay 1 for every step, the last one too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import mujoco

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Range = tuple[float, float]

EVERYWHERE: Range = (-np.inf, np.inf)
FAST = 100.0
"""A state with a coordinate beyond this is unhealthy."""


@dataclass(frozen=True)
class Task:
    """``frames`` steps of the simulation per action; ``cost`` of an action's square; ``alive``: reward per step;
    ``height`` and ``angle``: where the torso must be, or the episode ends; ``fastest``: velocities are observed clipped
    to it; a reset's noise is uniform within ``noise`` (velocities: normal where ``gaussian``).
    """

    name: str
    frames: int
    cost: float
    alive: float
    noise: float
    gaussian: bool
    height: Range = EVERYWHERE
    angle: Range = EVERYWHERE
    fastest: float = np.inf

    @property
    def ends(self) -> bool:
        """Whether an episode can end by itself."""
        return self.height != EVERYWHERE or self.angle != EVERYWHERE


TaskName = Literal["HalfCheetah", "Hopper", "Walker2d"]
TASKS: dict[TaskName, Task] = {
    "HalfCheetah": Task("HalfCheetah-v4", frames=5, cost=0.1, alive=0.0, noise=0.1, gaussian=True),
    "Hopper": Task(
        "Hopper-v4",
        frames=4,
        cost=1e-3,
        alive=1.0,
        noise=5e-3,
        gaussian=False,
        height=(0.7, np.inf),
        angle=(-0.2, 0.2),
        fastest=10.0,
    ),
    "Walker2d": Task(
        "Walker2d-v4",
        frames=4,
        cost=1e-3,
        alive=1.0,
        noise=5e-3,
        gaussian=False,
        height=(0.8, 2.0),
        angle=(-1.0, 1.0),
        fastest=10.0,
    ),
}


class Worlds:
    """``count`` copies of one task."""

    def __init__(self, task: Task, count: int) -> None:
        import gymnasium
        import mujoco

        gymnasium.logger.min_level = gymnasium.logger.ERROR  # version 4 is old, and meant
        self._step = mujoco.mj_step
        self._reset = mujoco.mj_resetData
        self._forward = mujoco.mj_forward
        self.task = task
        simulated = gymnasium.make(task.name).unwrapped
        self.model: mujoco.MjModel = simulated.model  # type: ignore[attr-defined]
        self.start = (simulated.init_qpos.copy(), simulated.init_qvel.copy())  # type: ignore[attr-defined]
        self.seconds = self.model.opt.timestep * task.frames
        self.copies = [mujoco.MjData(self.model) for _ in range(count)]
        self.positions = [copy.qpos for copy in self.copies]  # views: they show what the simulation does
        self.velocities = [copy.qvel for copy in self.copies]

    @property
    def observations(self) -> int:
        """S: all coordinates but how far it has come."""
        return int(self.model.nq + self.model.nv - 1)

    @property
    def actions(self) -> int:
        """A."""
        return int(self.model.nu)

    def reset(self, generator: np.random.Generator, which: Sequence[int] | None = None) -> Floats:
        """The copies ``which [K]``, or every one, at their start, a little off: ``[K, S]``."""
        chosen = range(len(self.copies)) if which is None else which
        for copy in (self.copies[index] for index in chosen):
            self._reset(self.model, copy)
            noise = self.task.noise
            copy.qpos[:] = self.start[0] + generator.uniform(-noise, noise, self.model.nq)
            off = (
                generator.standard_normal(self.model.nv)
                if self.task.gaussian
                else generator.uniform(-1, 1, self.model.nv)
            )
            copy.qvel[:] = self.start[1] + noise * off
            self._forward(self.model, copy)
        return self._observed(chosen)

    def step(self, which: Sequence[int], actions: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """``actions [K, A]`` in the copies ``which [K]`` → observations ``[K, S]``, true rewards ``[K]``, and where the
        task ended ``[K]``.
        """
        before = np.array([self.positions[index][0] for index in which])
        for index, action in zip(which, actions, strict=True):
            self.copies[index].ctrl[:] = action
            self._step(self.model, self.copies[index], self.task.frames)
        positions = np.array([self.positions[index] for index in which])
        velocities = np.array([self.velocities[index] for index in which])
        forward = (positions[:, 0] - before) / self.seconds
        rewards = forward + self.task.alive - self.task.cost * np.square(actions).sum(axis=1)
        return self._seen(positions, velocities), rewards, self._ended(positions, velocities)

    def acted(self, actions: Floats) -> Floats:
        """As they are: the task's own cost is that of what was said, and the simulation cuts it."""
        return actions

    def _observed(self, which: Sequence[int]) -> Floats:
        return self._seen(
            np.array([self.positions[index] for index in which]), np.array([self.velocities[index] for index in which])
        )

    def _seen(self, positions: Floats, velocities: Floats) -> Floats:
        fastest = self.task.fastest
        return np.concatenate([positions[:, 1:], np.clip(velocities, -fastest, fastest)], axis=1)

    def _ended(self, positions: Floats, velocities: Floats) -> NDArray[np.bool_]:
        if not self.task.ends:
            return np.zeros(len(positions), dtype=bool)
        (low, high), (left, right) = self.task.height, self.task.angle
        healthy = (low < positions[:, 1]) & (positions[:, 1] < high)
        healthy &= (left < positions[:, 2]) & (positions[:, 2] < right)
        if self.task.name.startswith("Hopper"):
            rest = np.concatenate([positions[:, 2:], velocities], axis=1)
            healthy &= (np.abs(rest) < FAST).all(axis=1)
        return np.asarray(~healthy)
