"""The tasks of ``trajectory_ranking``, and what learns a reward of each from two expert episodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.teachers import MIXTURE, demonstrations_of, mixture, occupancy, spoilt
from iirl_core.config.expertness import MixtureSection
from iirl_core.mapping.exponential import Exponential
from iirl_core.reward_model import RewardModel


@dataclass(frozen=True)
class Task:
    """``velocity`` is the column of the forward velocity; ``reference`` the paper's own settings: bottleneck, experts,
    l_min, l_max, steepness.
    """

    name: str
    velocity: int
    reference: tuple[int, int, float, float, float]


TASKS = (
    Task("HalfCheetah-v4", 8, (7, 4, 0.50, 1.00, 100)),
    Task("Hopper-v4", 5, (4, 2, 0.13, 0.15, 25)),
    Task("Walker2d-v4", 8, (7, 4, 0.07, 0.60, 100)),
)

Learner = Callable[[Task, Path, int], RewardModel]


@cache
def _mixture(file: Path, seed: int, section: str) -> RewardModel:
    """Learnt once for all maps."""
    return mixture(demonstrations_of(file), seed, MixtureSection.model_validate_json(section))


def _plain(task: Task, file: Path, seed: int) -> RewardModel:  # noqa: ARG001 - the same on every task
    return _mixture(file, seed, MIXTURE.model_dump_json())


def _reference(task: Task, file: Path, seed: int) -> RewardModel:
    bottleneck, experts, low, high, steepness = task.reference
    section = MixtureSection(experts=experts, bottleneck=bottleneck, hidden=MIXTURE.hidden)
    model = _mixture(file, seed, section.model_dump_json())
    return RewardModel(model.encoder, model.expertness, Exponential(low, high, steepness), model.spaces, model.support)


def _occupancy(task: Task, file: Path, seed: int) -> RewardModel:  # noqa: ARG001 - the same on every task
    return occupancy(demonstrations_of(file), seed, ends=False)


def _spoilt(task: Task, file: Path, seed: int) -> RewardModel:  # noqa: ARG001 - the same on every task
    return spoilt(demonstrations_of(file), seed)


LEARNERS: dict[str, Learner] = {
    "mixture": _plain,
    "reference": _reference,
    "occupancy": _occupancy,
    "spoilt": _spoilt,
}
