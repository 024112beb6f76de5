"""Lessons: corrective samples as tensors: what the rewards of a round's findings should have been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from iirl_core.demonstration import Input
from iirl_core.norm.norm import Norm, NormKind
from iirl_core.repair.aiming import target_of
from iirl_core.repair.seen import SeenRows, seen_rows
from iirl_core.reward_model import RewardModel

APART = 0.02
"""By so much more than the norm asks for two rewards are ordered."""
STEPS = 32
"""Of trajectories that are compared as wholes, evenly."""


@dataclass(frozen=True, eq=False)
class Lessons(SeenRows):
    """Q questions about N rows, of which row n counts for side ``side[n]`` (0 original, 1 edited, or the only input) of
    question ``question[n]``; the sides' rewards are the means of their rows. An answer is wrong by
    ``sign·(edited − original) − limit`` where that is above 0; a sign of 0 takes the difference's own.
    """

    question: Tensor
    side: Tensor
    sign: Tensor
    limit: Tensor

    def sides(self, values: Tensor) -> Tensor:
        """``[N]`` → ``[Q, 2]``: means of each side's rows; 0 for an original that there is not."""
        place = 2 * self.question + self.side
        total = values.new_zeros(2 * len(self.sign)).index_add(0, place, values)
        count = values.new_zeros(2 * len(self.sign)).index_add(0, place, torch.ones_like(values))
        return (total / count.clamp(min=1)).reshape(-1, 2)

    def wrong(self, rewards: Tensor) -> tuple[Tensor, Tensor]:
        """``rewards [N]`` → by how much each of the Q answers is wrong (≤ 0: it is right), and which way it should
        change: the sign of edited less original that is too large.
        """
        original, edited = self.sides(rewards).unbind(dim=1)
        apart = edited - original
        sign = torch.where(self.sign == 0, apart.sign(), self.sign)
        return sign * apart - self.limit, sign


class Question(Protocol):
    """What a lesson is made of; a Finding is one."""

    @property
    def norm(self) -> str:
        """The id of the norm that says what is right."""
        ...

    @property
    def inputs(self) -> tuple[Input, ...]:
        """One input, or an original and its edit."""
        ...

    @property
    def step(self) -> int:
        """The step of a trajectory that it is about."""
        ...


@torch.no_grad()
def lessons_of(model: RewardModel, questions: Sequence[Question], norms: Sequence[Norm]) -> Lessons:
    """Of ``questions`` that ``norms`` bound or compare.

    Raises:
        InputError: the inputs are not such as the model reads.
    """
    by_id = {norm.id: norm for norm in norms}
    inputs = [one.inputs if by_id[one.norm].kind.pairs else one.inputs[-1:] for one in questions]
    encoded = model.encoder.encode([item for question in inputs for item in question])
    ends = torch.tensor([0, *encoded.lengths]).cumsum(0).tolist()
    rows: list[Tensor] = []
    places: list[tuple[int, int]] = []
    first = 0
    for number, (one, question) in enumerate(zip(questions, inputs, strict=True)):
        lengths = encoded.lengths[first : first + len(question)]
        for which, length in enumerate(lengths):
            alike = len(set(lengths)) == 1
            steps = torch.tensor([one.step]) if alike else torch.linspace(0, length - 1, min(STEPS, length)).long()
            rows.append(ends[first + which] + steps)
            places += [(number, which + 2 - len(question))] * len(steps)
        first += len(question)
    z = encoded.z[torch.cat(rows)]
    question_of, side_of = torch.tensor(places).unbind(dim=1)
    bounds = torch.tensor([_bound(by_id[one.norm]) for one in questions])
    seen = seen_rows(model, z, model.rows(z))
    return Lessons(seen.z, seen.shaped, seen.patches, question_of, side_of, bounds[:, 0], bounds[:, 1])


def _bound(norm: Norm) -> tuple[float, float]:
    """Sign and limit."""
    match norm.kind:
        case NormKind.CEILING:
            return 1.0, target_of(norm)
        case NormKind.FLOOR:
            return -1.0, -target_of(norm)
        case NormKind.INVARIANCE:
            return 0.0, target_of(norm)
        case NormKind.AGREEMENT:
            return 1.0, -norm.threshold - APART
        case NormKind.DIRECTION if norm.raises:
            return -1.0, -norm.threshold - APART
        case _:
            return 1.0, norm.threshold - APART
