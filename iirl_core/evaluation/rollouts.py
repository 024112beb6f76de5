"""Rollouts whose true returns are known: read from array files, and what a reward is set beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from iirl_core.demonstration import Trajectory
from iirl_core.errors import InputError, one_line
from iirl_core.evaluation.frozen import Floats
from iirl_core.records.episodes import cut_episodes
from iirl_core.records.opening import UNREADABLE, open_random
from iirl_core.records.raw import RecordFile

PER_STEP = ("observations", "actions", "terminals", "timeouts", "episode", "rewards")
RIDGE = 1e-6
"""Of the summed variances: added to each before the covariance is inverted."""


@dataclass(frozen=True, eq=False)
class Rollout:
    """``true_return`` is that of the whole episode; ``trajectory`` may be its first part only."""

    trajectory: Trajectory
    true_return: float


def read_rollouts(file: RecordFile) -> list[Rollout]:
    """An NPZ of D4RL's flat arrays with the true rewards of every step (``rewards [N]``), or of every episode its
    ``returns [E]``. Where it says which steps were ``terminals``, an
    episode that ended by itself is one. Pickled members are never loaded.

    Raises:
        InputError: the file cannot be read, has neither, lengths differ, or a return is not a number.
    """
    try:
        with open_random(file) as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except UNREADABLE as error:
        raise InputError(f"{file.name} is no array file ({one_line(error)})", "an NPZ of trajectories") from error
    if "observations" not in arrays or not {"rewards", "returns"} & set(arrays):
        raise InputError(f"{file.name} holds {', '.join(sorted(arrays))}", "observations, and rewards or returns")
    cuts = cut_episodes({name: array for name, array in arrays.items() if name in PER_STEP})
    if "returns" in arrays:
        returns = arrays["returns"]
    else:
        returns = np.array([arrays["rewards"][start:stop].sum() for start, stop in cuts])
    if len(returns) != len(cuts):
        raise InputError(f"{file.name}: {len(returns)} returns, {len(cuts)} episodes", "one each")
    if returns.dtype.kind not in "fiu" or not np.isfinite(returns).all():
        raise InputError(f"{file.name}: rewards or returns that are not numbers", "finite numbers")
    actions = arrays.get("actions")
    ended = arrays.get("terminals", np.zeros(len(arrays["observations"])))
    return [
        Rollout(
            Trajectory(
                arrays["observations"][start:stop],
                None if actions is None else actions[start:stop],
                terminal=bool(ended[stop - 1]),
            ),
            float(true_return),
        )
        for (start, stop), true_return in zip(cuts, returns, strict=True)
    ]


def first_steps(rollouts: Sequence[Rollout], steps: int) -> list[Rollout]:
    """The first ``steps`` steps of those that are as long: nothing is left of length, or of an end, to judge by."""
    return [
        Rollout(
            Trajectory(
                one.trajectory.observations[:steps],
                None if one.trajectory.actions is None else one.trajectory.actions[:steps],
            ),
            one.true_return,
        )
        for one in rollouts
        if len(one.trajectory) >= steps
    ]


def nearness(shown: Sequence[Trajectory], asked: Sequence[Trajectory]) -> Floats:
    """``[N]``: minus the mean distance of the states asked about to the nearest one shown, in the deviations of those.
    The baseline that knows every state by heart.
    """
    states = np.concatenate([item.observations for item in shown]).astype(np.float64)
    mean, scale = states.mean(axis=0), np.maximum(states.std(axis=0), 1e-6)
    tree = KDTree((states - mean) / scale)
    return np.array([-tree.query((item.observations - mean) / scale)[0].mean() for item in asked])


def mahalanobis(shown: Sequence[Trajectory], asked: Sequence[Trajectory]) -> Floats:
    """``[N]``: minus the mean squared Mahalanobis distance of the states asked about from those shown: what a single
    Gaussian says.
    """
    states = np.concatenate([item.observations for item in shown]).astype(np.float64)
    mean = states.mean(axis=0)
    covariance = np.cov(states.T).reshape(states.shape[1], -1)
    inverse = np.linalg.inv(covariance + RIDGE * np.trace(covariance) * np.eye(len(covariance)))
    return np.array(
        [
            -np.einsum("td,de,te->t", item.observations - mean, inverse, item.observations - mean).mean()
            for item in asked
        ]
    )
