"""Rollouts whose true returns are known: does the reward rank them so?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from iirl_core.config import Config
from iirl_core.corpus import SourceFile
from iirl_core.demonstration import Trajectory
from iirl_core.errors import InputError
from iirl_core.evaluation import Estimate, Resampling, SuiteFacts
from iirl_core.evaluation.returns import Returned, returns
from iirl_core.evaluation.rollouts import mahalanobis, nearness, read_rollouts
from iirl_core.records import RecordFile
from iirl_core.reward_model import RewardModel
from jobs.evaluate.scoring import score
from jobs.ingest.sources import describe_files, find_files

KNOWN = 1e-6
"""Mean distance, in deviations, of a rollout whose states were all shown."""


def find_rollouts(config: Config) -> tuple[RecordFile, ...]:
    """The files.

    Raises:
        ConfigError: one is missing.
    """
    return find_files(config.evaluate.rollouts, "evaluate.rollouts")


def check_rollouts(model: RewardModel, files: Sequence[RecordFile]) -> None:
    """Reads them all, and has them encoded: that is cheap beside what is done before they are ranked.

    Raises:
        InputError: a file holds no rollouts with returns, or they do not fit the model.
    """
    for file in files:
        try:
            for one in read_rollouts(file):
                model.encoder.encode([one.trajectory])
        except InputError as error:
            wrong = error.wrong if file.name in error.wrong else f"{file.name}: {error.wrong}"
            raise InputError(f"evaluate.rollouts: {wrong}", error.expected, error.todo) from error


BASELINES = {
    "length": "length alone",
    "random": "random head",
    "nearest": "nearest demonstration",
    "mahalanobis": "Mahalanobis distance",
}
"""What stands beside ``returns/FILE/…``, and what it is called."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """The rollouts of one file: what it held, its figures (with their baselines), and what they were made of."""

    facts: SuiteFacts
    estimates: tuple[Estimate, ...]
    returned: Returned


def rank_rollouts(
    model: RewardModel, files: Sequence[RecordFile], shown: Sequence[Trajectory], config: Config
) -> list[Ranked]:
    """``returns/FILE/…`` of each file, with its baselines: length, random heads, and how near to the demonstrations
    ``shown`` the states lie.

    Raises:
        InputError: a file holds no rollouts with returns, or they do not fit the model.
    """
    ranked = []
    for file, described in zip(files, describe_files(files), strict=True):
        rollouts = read_rollouts(file)
        items = [one.trajectory for one in rollouts]
        scored = score(model, items)
        returned = Returned(
            rewards=scored.inputs,
            returns=np.array([one.true_return for one in rollouts]),
            lengths=np.array([len(item) for item in items], np.float64),
            baselines={"nearest": nearness(shown, items), "mahalanobis": mahalanobis(shown, items)},
            heads=scored.heads,
        )
        estimates = returns(returned, Resampling(config.evaluate.bootstrap, config.seed))
        named = [replace(each, name=each.name.replace("returns/", f"returns/{file.stem}/")) for each in estimates]
        known = int((returned.baselines["nearest"] > -KNOWN).sum())
        ranked.append(Ranked(_facts(file.stem, described, len(items), known), tuple(named), returned))
    return ranked


def _facts(name: str, file: SourceFile, rollouts: int, known: int) -> SuiteFacts:
    return SuiteFacts(
        kind="returns",
        name=name,
        files={file.name: file.digest},
        rows=rollouts,
        answers=rollouts,
        prompts=rollouts,
        quarantined=0,
        reasons=(),
        equal=0,
        contaminated=known,
        golden="true returns",
    )
