"""Scores made by hand, for the parts of serving that come before and after the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iirl_core.canonical import Digest
from iirl_core.demonstration import Conversation, Input, Trajectory
from iirl_core.enforcement import Thresholds
from iirl_core.errors import InputError
from iirl_core.reading import Action, Evidence, Reading, Score, TokenCount
from serving.served import Served
from serving.watch import FARTHEST, Watch

SERVED = Served(
    name="portal",
    channel="production",
    version="1.2.3",
    digest=Digest("sha256:" + "a" * 64),
    release="sha256:" + "b" * 64,
    audit="sha256:" + "c" * 64,
    kind="conversation",
    mode="strict",
    supervision="weak",
    thresholds=Thresholds(0.2, 0.95, 0.98, "floor", "lower-bound", 1.0),
    known_good=0.5,
)


def score(  # noqa: PLR0917
    reward: float = 0.75,
    action: Action = Action.ALLOW,
    delivered: float | None = 0.75,
    reasons: tuple[str, ...] = (),
    truncated: bool = False,
    steps: tuple[float, ...] = (),
    distance: float = 0.2,
) -> Score:
    evidence = Evidence(0.8, 0.05, 0.0, ("p-1",), 0.1, distance, (0.25, 0.75))
    tokens = None if steps else TokenCount(12, truncated)
    reading = Reading(-1.5, reward, 0.2, evidence, steps, tokens)
    return Score(reading, 0.3, distance, action, delivered, SERVED.digest, SERVED.release, reasons)


def read(inputs: Sequence[Input]) -> list[Score]:
    """The reward is the answer's length in hundredths; ``?`` cannot be read, and 80 characters are too long."""
    scores = []
    for item in inputs:
        if isinstance(item, Trajectory):
            raise InputError("a trajectory", "a conversation")
        assert isinstance(item, Conversation)
        if item.answer == "?":
            raise InputError("an answer of a question mark")
        reward = min(len(item.answer), 100) / 100
        scores.append(score(reward, delivered=reward, truncated=len(item.answer) > 80))
    return scores


def watch(window: int = 256, farthest: int = FARTHEST) -> Watch:
    """Beside a guard set whose distances are spread over [0, ½]."""
    return Watch(np.linspace(0.0, 0.5, 200), window, level=0.01, farthest=farthest)
