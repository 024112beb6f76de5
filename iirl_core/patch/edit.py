"""A WeightEdit: the head re-fitted on corrective samples, as what is added to its weights: a product of low rank for
each of its matrices.

    W′ = W + Σ_edits left·right      left [*B, R, K], right [*B, K, C] for a parameter W [*B, R, C]

Members and experts are batches B of one parameter, each with a product of its own. Source: low-rank adaptation (Hu et
al. 2021, arXiv 2106.09685), of a head instead of a transformer. The sum does not depend on the order of edits. Patches
and support go on measuring places by the weights of training, so what was repaired stays put.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TypeVar

import torch
from torch import Tensor, nn

from iirl_core.canonical import digest_json
from iirl_core.errors import ArtifactError
from iirl_core.patch.projection import rounded

Head = TypeVar("Head", bound=nn.Module)


@dataclass(frozen=True)
class Change:
    """What is added to the ``parameter`` of that ``shape [*B, R, C]``: ``left [*B, R, rank]`` times ``right [*B, rank,
    C]``, row by row.

    Raises:
        ArtifactError: the numbers are not as many as that, or not finite.
    """

    parameter: str
    shape: tuple[int, ...]
    rank: int
    left: tuple[float, ...]
    right: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.shape) < 2 or min(self.shape) < 1 or self.rank < 1:
            raise ArtifactError(f"a change of {self.parameter} {list(self.shape)} of rank {self.rank}", "a matrix's")
        wanted = [math.prod((*self.shape[:-1], self.rank)), math.prod((*self.shape[:-2], self.rank, self.shape[-1]))]
        if [len(self.left), len(self.right)] != wanted:
            raise ArtifactError(
                f"a change of {self.parameter} by {len(self.left)} and {len(self.right)} numbers",
                f"{wanted[0]} and {wanted[1]}",
            )
        if not all(math.isfinite(number) for number in (*self.left, *self.right)):
            raise ArtifactError(f"a change of {self.parameter} with NaN or infinity", "finite numbers")

    @classmethod
    def of(cls, parameter: str, left: Tensor, right: Tensor) -> Change:
        """From both factors; numbers are kept to the digits of float32."""
        shape = (*left.shape[:-1], right.shape[-1])
        return cls(parameter, tuple(shape), left.shape[-1], rounded(left.flatten()), rounded(right.flatten()))

    def delta(self) -> Tensor:
        """``[*B, R, C]`` float32."""
        left = torch.tensor(self.left).reshape(*self.shape[:-1], self.rank)
        right = torch.tensor(self.right).reshape(*self.shape[:-2], self.rank, self.shape[-1])
        return left @ right


@dataclass(frozen=True)
class WeightEdit:
    """``changes``, one for each parameter that is edited. ``findings`` and ``norms`` say why; ``round`` says when.
    Disabled ones stay on record and do nothing.

    Raises:
        ArtifactError: there is no change, or two of one parameter.
    """

    changes: tuple[Change, ...]
    findings: tuple[str, ...]
    norms: tuple[str, ...]
    round: int
    enabled: bool = True

    def __post_init__(self) -> None:
        names = [change.parameter for change in self.changes]
        if not names or len(set(names)) < len(names):
            raise ArtifactError(f"a weight edit of {', '.join(names) or 'nothing'}", "parameters, each once")

    @cached_property
    def id(self) -> str:
        """Names it by its content, as a patch's: ``w-`` and 12 hexadecimal digits."""
        content = [[asdict(change) for change in self.changes], self.round]
        return "w-" + digest_json([*content, sorted(self.findings), sorted(self.norms)])[7:19]

    @property
    def rank(self) -> int:
        """The largest of its changes."""
        return max(change.rank for change in self.changes)

    @property
    def effect(self) -> str:
        """In a word."""
        return "edit"

    @property
    def where(self) -> str:
        """In words."""
        return f"{len(self.changes)} matrices of the head, rank {self.rank}"


def edited(head: Head, edits: Sequence[WeightEdit]) -> Head:
    """``head`` with the enabled ``edits`` in its weights: a copy, or itself where there are none.

    Raises:
        ArtifactError: an edit, enabled or not, names a parameter that the head lacks, or has in another shape.
    """
    shapes = {name: tuple(parameter.shape) for name, parameter in head.named_parameters()}
    for edit in edits:
        for change in edit.changes:
            if shapes.get(change.parameter) != change.shape:
                raise ArtifactError(
                    f"weight edit {edit.id} of {change.parameter} {list(change.shape)}",
                    f"{list(shapes.get(change.parameter, ())) or 'no such parameter'}",
                )
    if not any(edit.enabled for edit in edits):
        return head
    made = copy.deepcopy(head)
    with torch.no_grad():
        for edit in edits:
            for change in edit.changes if edit.enabled else ():
                made.get_parameter(change.parameter).add_(change.delta())
    return made
