"""The reward as a function of conversations, for families that search it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from iirl_core.demonstration import Conversation
from iirl_core.encoder.words import words_of
from iirl_core.expertness import Episodes
from iirl_core.reward_model import RewardModel


@dataclass(frozen=True, eq=False)
class AnswerReward:
    """Conversations → patched rewards ``[N]`` in [0, 1]."""

    model: RewardModel

    @torch.no_grad()
    def rewards(self, items: Sequence[Conversation]) -> NDArray[np.float64]:
        """Of all of them; a reward that is not a number counts as 1: what a search should find."""
        encoded = self.model.encoder.encode(items)
        rewards = self.model.rewards(encoded.z, Episodes(encoded.lengths, encoded.absorbed)).double().numpy()
        return np.where(np.isnan(rewards), 1.0, rewards)

    @property
    def words(self) -> tuple[str, ...]:
        """Those that the encoder knows; none where it cannot say."""
        return words_of(self.model.encoder)
