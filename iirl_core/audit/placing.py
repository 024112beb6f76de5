"""Placing: the situations of demonstrations, by the model that is audited."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iirl_core.probe import Material
from iirl_core.probe.situations import Situations
from iirl_core.reward_model import RewardModel


def place(model: RewardModel, material: Material, indices: Sequence[int]) -> dict[int, NDArray[np.int64]]:
    """By index of a demonstration, the situation of each of its steps (of a conversation, its own alone)."""
    if not indices:
        return {}
    situations = material.situations or Situations.fit(model.support)
    encoded = model.encoder.encode([material.demonstrations[index] for index in indices])
    numbers = situations.place(model.spaces.bottleneck.apply(encoded.z).numpy()).number
    return dict(zip(indices, np.split(numbers, np.cumsum(encoded.lengths)[:-1]), strict=True))
