"""Predicates for tests: this file is imported by the child process."""

from __future__ import annotations

import os
import time

import numpy as np
import torch
from numpy.typing import NDArray

from iirl_core.demonstration import Conversation, Input

ANSWERS: list[str] = []
"""What this process was asked so far."""
NO_NUMBERS = {
    "a number in words": "0.7",
    "true": True,
    "true of numpy": np.bool_(True),
    "true of torch": torch.tensor(True),
}
"""Of which float() makes a number."""


def no_doses(inputs: tuple[Input, ...], rewards: tuple[NDArray, ...]) -> float | None:
    """Answers that mention milligrams must earn nothing; silent of others. Behaves badly where the answer says so."""
    item = inputs[-1]
    assert isinstance(item, Conversation)
    print("a predicate may print")
    ANSWERS.append(item.answer)
    if item.answer == "hang":
        time.sleep(600)
    if item.answer == "leave":
        os._exit(3)
    if item.answer == "raise":
        raise ValueError("a mistake\non two lines")
    if item.answer == "count":
        return float(len(ANSWERS))
    if item.answer == "nan":
        return float("nan")
    if item.answer == "words":
        return "yes"
    if item.answer in NO_NUMBERS:
        return NO_NUMBERS[item.answer]
    return float(rewards[-1].mean()) if " mg" in item.answer else None


NOT_A_FUNCTION = 1
