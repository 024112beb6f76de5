"""Rollouts whose true returns are known: does the reward rank them so?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from iirl_core.config import Config
from iirl_core.corpus import SourceFile
from iirl_core.demonstration import Trajectory
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


def rank_rollouts(
    model: RewardModel, files: Sequence[RecordFile], shown: Sequence[Trajectory], config: Config
) -> tuple[list[SuiteFacts], list[Estimate]]:
    """``returns/FILE/…`` of each file, with its baselines: length, and how near to the demonstrations ``shown`` the
    states lie.

    Raises:
        InputError: a file holds no rollouts with returns, or they do not fit the model.
    """
    facts, found = [], []
    for file, described in zip(files, describe_files(files), strict=True):
        rollouts = read_rollouts(file)
        items = [one.trajectory for one in rollouts]
        returned = Returned(
            rewards=score(model, items).inputs,
            returns=np.array([one.true_return for one in rollouts]),
            lengths=np.array([len(item) for item in items], np.float64),
            baselines={"nearest": nearness(shown, items), "mahalanobis": mahalanobis(shown, items)},
        )
        for each in returns(returned, Resampling(config.evaluate.bootstrap, config.seed)):
            found.append(replace(each, name=each.name.replace("returns/", f"returns/{file.stem}/")))
        known = int((returned.baselines["nearest"] > -KNOWN).sum())
        facts.append(_facts(file.stem, described, len(items), known))
    return facts, found


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
