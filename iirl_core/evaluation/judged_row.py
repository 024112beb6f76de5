"""Rows of one answer each: which policy gave it, and what somebody said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from iirl_core.canonical import digest_json
from iirl_core.demonstration import Conversation
from iirl_core.errors import InputError
from iirl_core.evaluation.frozen import Floats, Judged
from iirl_core.evaluation.row_facts import RowFacts, clusters_of, in_order, prompt_digest
from iirl_core.records import parse_record


@dataclass(frozen=True)
class Columns:
    """Where a row says what: ``policy`` names its policy (None: all rows of a file are of the policy that the file is
    named after), ``golden`` its golden score (None: it is asked for elsewhere), in [0, 1] if ``probability``.
    """

    policy: str | None
    golden: str | None = None
    probability: bool = False


@dataclass(frozen=True)
class JudgedRow:
    """One answer."""

    answer: Conversation
    policy: str
    golden: float | None

    @property
    def answers(self) -> tuple[Conversation, ...]:
        """The answer alone."""
        return (self.answer,)

    def facts(self) -> RowFacts:
        """What is kept of it once it is scored."""
        return RowFacts(
            prompt=prompt_digest(self.answer),
            identity=digest_json([self.policy, self.golden, self.answer.answer]),
            lengths=(len(self.answer.answer),),
            policy=self.policy,
            golden=self.golden,
        )


def read_judged(document: object, columns: Columns, stem: str) -> JudgedRow:
    """An answer in any of the shapes of records; ``stem`` is the file's name.

    Raises:
        InputError: it is no answer, or a column is missing or holds something else.
    """
    answer = parse_record(document)
    if not isinstance(answer, Conversation) or not isinstance(document, Mapping):
        raise InputError("a trajectory", "an answer to a prompt")
    policy = stem if columns.policy is None else document.get(columns.policy)
    if not isinstance(policy, str) or not policy:
        raise InputError(f"column {columns.policy!r} is {policy!r}", "the name of the answer's policy")
    if columns.golden is None:
        return JudgedRow(answer, policy, None)
    return JudgedRow(answer, policy, golden_of(document, columns.golden, probability=columns.probability))


def golden_of(document: Mapping[str, object], column: str, *, probability: bool) -> float:
    """The number in ``column``; true is 1, false 0.

    Raises:
        InputError: there is none, or it is outside [0, 1] where it is to be a probability.
    """
    value = document.get(column)
    if not isinstance(value, bool | int | float) or not np.isfinite(value):
        raise InputError(f"column {column!r} is {value!r}", "a number")
    if probability and not 0 <= value <= 1:
        raise InputError(f"column {column!r} is {value}", "a probability in [0, 1]")
    return float(value)


def judged_of(facts: Sequence[RowFacts], rewards: Floats, heads: Floats, golden: Floats) -> Judged:
    """``rewards [N]``, ``heads [N, H]`` and ``golden [N]`` of the rows, which are put into an order of their own:
    nothing depends on that of the file.
    """
    order = in_order(facts)
    rows = [facts[row] for row in order]
    names = sorted({row.policy for row in rows})
    places = {name: index for index, name in enumerate(names)}
    return Judged(
        names=tuple(names),
        policies=np.array([places[row.policy] for row in rows], np.int64),
        rewards=rewards[order],
        golden=golden[order],
        clusters=clusters_of(rows),
        lengths=np.array([row.lengths[0] for row in rows], np.float64),
        heads=heads[order],
    )
