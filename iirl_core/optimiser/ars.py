"""Augmented random search (Mania, Guy and Recht, arXiv 1803.07055, algorithm 2, V2-t): a linear policy, improved along
random directions by how well an episode on either side is judged.

Who judges is the caller's business: a judge is given whole episodes and says one number for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Worlds(Protocol):
    """Copies of one environment, in step."""

    @property
    def observations(self) -> int:
        """S."""
        ...

    @property
    def actions(self) -> int:
        """A."""
        ...

    def reset(self, generator: np.random.Generator, which: Sequence[int] | None = None) -> Floats:
        """First observations of the copies ``which``, or of all, ``[K, S]``."""
        ...

    def step(self, which: Sequence[int], actions: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """``actions [K, A]`` in the copies ``which [K]`` → observations ``[K, S]``, true rewards ``[K]``, ended."""
        ...

    def acted(self, actions: Floats) -> Floats:
        """What an environment does when a policy says ``actions [K, A]``, in its own units."""
        ...


@dataclass(frozen=True, eq=False)
class Episode:
    """``observations [T, S]``, the ones that were acted on; ``actions [T, A]``, what was done; ``rewards [T]``, the
    true ones; ``terminal``: the world ended it, not the horizon.
    """

    observations: Floats
    actions: Floats
    rewards: Floats
    terminal: bool

    def __len__(self) -> int:
        return len(self.rewards)


Judge = Callable[[Sequence[Episode]], Floats]
"""Episodes → one number each; higher is better."""

StepJudge = Callable[[Sequence[Episode]], list[Floats]]
"""Episodes → a reward for each step of each."""


@dataclass(frozen=True)
class Settings:
    """``directions`` tried per update, of which the best ``top`` count; ``noise`` is the deviation of a direction,
    ``step_size`` that of an update; episodes end after ``horizon`` steps, training after ``budget`` steps of the world.
    """

    directions: int
    top: int
    noise: float
    step_size: float
    budget: int
    horizon: int = 1000


@dataclass(frozen=True, eq=False)
class Policy:
    """``action = weights [A, S] · (observation − mean)/deviation``."""

    weights: Floats
    mean: Floats
    deviation: Floats


@dataclass
class Moments:
    """Running mean and deviation of what was observed (Chan, Golub and LeVeque 1979)."""

    count: int
    mean: Floats
    squares: Floats

    def add(self, rows: Floats) -> None:
        """``rows [N, S]``."""
        total = self.count + len(rows)
        fresh = rows.mean(axis=0)
        self.squares += ((rows - fresh) ** 2).sum(axis=0) + (fresh - self.mean) ** 2 * (self.count * len(rows) / total)
        self.mean = self.mean + (fresh - self.mean) * (len(rows) / total)
        self.count = total

    @property
    def deviation(self) -> Floats:
        """1 where nothing varied yet."""
        deviation = np.sqrt(self.squares / max(1, self.count))
        return np.where(deviation < 1e-7, 1.0, deviation)


@dataclass(frozen=True)
class Progress:
    """After ``steps`` of the world: the mean judgement and the mean true return of this update's episodes, and their
    mean length.
    """

    steps: int
    judged: float
    true_return: float
    length: float


@dataclass(frozen=True, eq=False)
class Trained:
    """The last policy and how it came about."""

    policy: Policy
    steps: int
    history: tuple[Progress, ...] = field(default=())


def train(
    worlds: Worlds, judge: Judge, settings: Settings, seed: int, report: Callable[[Progress], None] | None = None
) -> Trained:
    """Train from a policy of zeros; ``worlds`` has two copies per direction."""
    generator = np.random.default_rng(seed)
    observations, actions = worlds.observations, worlds.actions
    moments = Moments(0, np.zeros(observations), np.zeros(observations))
    policy = Policy(np.zeros((actions, observations)), np.zeros(observations), np.ones(observations))
    steps, history = 0, list[Progress]()
    while steps < settings.budget:
        deltas = generator.standard_normal((settings.directions, actions, observations))
        sides = np.concatenate([policy.weights + settings.noise * deltas, policy.weights - settings.noise * deltas])
        episodes = roll(worlds, sides, policy, settings.horizon, generator)
        judged = np.asarray(judge(episodes), dtype=np.float64).reshape(2, settings.directions)
        policy = Policy(policy.weights + update(deltas, judged, settings), policy.mean, policy.deviation)
        for episode in episodes:
            moments.add(episode.observations)
        policy = Policy(policy.weights, moments.mean, moments.deviation)
        steps += sum(map(len, episodes))
        returns = float(np.mean([episode.rewards.sum() for episode in episodes]))
        history.append(Progress(steps, float(judged.mean()), returns, float(np.mean([len(one) for one in episodes]))))
        if report is not None:
            report(history[-1])
    return Trained(policy, steps, tuple(history))


def update(deltas: Floats, judged: Floats, settings: Settings) -> Floats:
    """``α/(b·σ_R)·Σ (r⁺ − r⁻)·δ`` over the b directions whose better side is best; ``deltas [N, A, S]``,
    ``judged [2, N]``; σ_R is the deviation of the 2b numbers that count.
    """
    best = np.argsort(-judged.max(axis=0), kind="stable")[: settings.top]
    deviation = float(judged[:, best].std())
    if deviation == 0:
        return np.zeros_like(deltas[0])
    gain = np.einsum("n,nas->as", judged[0, best] - judged[1, best], deltas[best])
    return np.asarray(settings.step_size / (settings.top * deviation) * gain)


def roll(
    worlds: Worlds, weights: Floats, policy: Policy, horizon: int, generator: np.random.Generator
) -> list[Episode]:
    """One episode of each of ``weights [W, A, S]``, observations normalised as ``policy`` does, in its own copy."""
    count, actions, width = weights.shape
    seen, done = np.zeros((count, horizon, width)), np.zeros((count, horizon, actions))
    earned, lengths, ended = np.zeros((count, horizon)), np.zeros(count, dtype=int), np.zeros(count, dtype=bool)
    now = worlds.reset(generator)
    for step in range(horizon):
        active = np.flatnonzero(~ended)
        if not len(active):
            break
        normalised = (now[active] - policy.mean) / policy.deviation
        chosen = np.einsum("was,ws->wa", weights[active], normalised)
        seen[active, step], done[active, step] = now[active], worlds.acted(chosen)
        now[active], earned[active, step], ended[active] = worlds.step(active.tolist(), chosen)
        lengths[active] += 1
    return [
        Episode(seen[one, :length], done[one, :length], earned[one, :length], bool(ended[one]))
        for one, length in enumerate(lengths.tolist())
    ]
