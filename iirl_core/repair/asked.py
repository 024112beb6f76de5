"""Asked: probes that were encoded once, and what several models say of them.

Repairs change what becomes of a row, not the row: candidates share the encoder, and each costs its heads alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from iirl_core.demonstration import Input
from iirl_core.encoder.protocol import Encoded, Encoder
from iirl_core.expertness import Episodes
from iirl_core.norm.judge import judge_all
from iirl_core.norm.judgement import SILENT, Answer, Judgement
from iirl_core.norm.norm import Norm
from iirl_core.probe import Probe
from iirl_core.reward_model import RewardModel


@dataclass(frozen=True, eq=False)
class Asked:
    """``probes``, the rows ``encoded`` of all their inputs, one after the other, and the Q ``questions``: a probe's
    index and a norm's.
    """

    probes: tuple[Probe, ...]
    encoded: Encoded
    questions: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, encoder: Encoder, probes: Sequence[Probe], norms: Sequence[Norm]) -> Asked:
        """A probe asks about its own norm, or else about all that name its family."""
        questions = [
            (index, number)
            for index, probe in enumerate(probes)
            for number, norm in enumerate(norms)
            if (norm.id == probe.norm if probe.norm is not None else probe.family in norm.families)
        ]
        inputs: list[Input] = [item for probe in probes for item in probe.inputs]
        return cls(tuple(probes), encoder.encode(inputs), tuple(questions))

    def broken(self, model: RewardModel, norms: Sequence[Norm]) -> NDArray[np.bool_]:
        """``[Q]``: whether ``model`` breaks the question's norm.

        Raises:
            ConfigError: a norm cannot be asked, as ``judge_all``.
        """
        return np.array([each.broken for each in self.judged(model, norms)], dtype=np.bool_)

    @torch.no_grad()
    def judged(self, model: RewardModel, norms: Sequence[Norm]) -> list[Judgement]:
        """Of each question; raises as ``broken``."""
        answers, found = self._answers(model), [SILENT] * len(self.questions)
        for number, norm in enumerate(norms):
            mine = [place for place, question in enumerate(self.questions) if question[1] == number]
            about = [self.questions[place][0] for place in mine]
            judged = judge_all(
                norm,
                [self.probes[index].inputs for index in about],
                [answers[index] for index in about],
                [self.probes[index].source for index in about],
            )
            for place, each in zip(mine, judged, strict=True):
                found[place] = each
        return found

    @torch.no_grad()
    def finite(self, model: RewardModel) -> NDArray[np.bool_]:
        """``[Q]``: whether the head's signal is a finite number for every row of the question."""
        head, z = model.head, model.seen(self.encoded.z)
        good, places = head.combined(head.signals(z)).isfinite().numpy(), self._places
        return np.array([good[slice(*places[index])].all() for index, _ in self.questions], dtype=np.bool_)

    def rows(self, question: int) -> Tensor:
        """``[T, D]``: those of all inputs of the question."""
        start, end = self._places[self.questions[question][0]]
        return self.encoded.z[start:end]

    def last(self) -> list[Tensor]:
        """Of each probe the rows ``[T, D]`` of its last input, which is what ceilings and floors judge."""
        ends = np.cumsum([len(probe.inputs) for probe in self.probes], dtype=np.int64) - 1
        parts = torch.split(self.encoded.z, list(self.encoded.lengths))
        return [parts[end] for end in ends.tolist()]

    @cached_property
    def _places(self) -> list[tuple[int, int]]:
        """Where each probe's rows begin and end."""
        ends = np.cumsum([0, *self.encoded.lengths])
        inputs = np.cumsum([0, *(len(probe.inputs) for probe in self.probes)])
        return [(int(ends[first]), int(ends[last])) for first, last in pairwise(inputs.tolist())]

    def _answers(self, model: RewardModel) -> list[tuple[Answer, ...]]:
        if not self.probes:
            return []
        rewards = model.rewards(self.encoded.z, Episodes(self.encoded.lengths, self.encoded.absorbed)).numpy()
        parts = iter(np.split(rewards, np.cumsum(self.encoded.lengths)[:-1]))
        return [tuple(next(parts) for _ in probe.inputs) for probe in self.probes]
